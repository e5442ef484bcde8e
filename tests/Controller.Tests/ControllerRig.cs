using KBroker.Controller.Coordination;
using KBroker.Controller.Events;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Tests;

/// <summary>A controller with its session, stepped by hand.</summary>
internal sealed class ControllerRig : IAsyncDisposable
{
    public static readonly BrokerEndpoint Endpoint = new("PLAINTEXT", "PLAINTEXT", "localhost", 9092);

    private ControllerRig(ICoordinationStore store, ICoordinationSession session, ControllerOptions options, int seed)
    {
        Store = store;
        Session = session;
        Controller = new ClusterController(options, session, Loop, Feed, Validator, new Random(seed), TimeProvider.System);
        Feed.Subscribe(Updates.Add);
    }

    public ICoordinationStore Store { get; }

    public ICoordinationSession Session { get; }

    public ManualEventLoop Loop { get; } = new();

    public MetadataFeed Feed { get; } = new();

    public FakeValidator Validator { get; } = new();

    public List<MetadataUpdate> Updates { get; } = [];

    public ClusterController Controller { get; }

    public ClusterMetadataImage Image => Feed.Current;

    /// <summary>A rig whose broker is registered and whose controller has started.</summary>
    public static async Task<ControllerRig> StartAsync(
        ICoordinationStore store, int id = 1, int seed = 1, Func<ControllerOptions, ControllerOptions>? configure = null, bool register = true)
    {
        var options = new ControllerOptions(new BrokerId(id));
        var rig = new ControllerRig(store, await store.OpenSessionAsync(), configure?.Invoke(options) ?? options, seed);
        if (register)
        {
            Assert.Equal(ErrorCode.None, (await rig.RunAsync(rig.Controller.RegisterBrokerAsync([Endpoint], null))).Error);
        }

        await rig.RunAsync(rig.Controller.StartAsync());
        return rig;
    }

    /// <summary>Steps the loop until a task is done.</summary>
    public async Task<T> RunAsync<T>(Task<T> task)
    {
        await RunAsync((Task)task);
        return await task;
    }

    public async Task RunAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            if (!await Loop.StepAsync()) await Task.WhenAny(task, Task.Delay(1));
        }

        await Loop.RunUntilIdleAsync();
        await task;
    }

    public async Task<CreateTopicResult> CreateAsync(NewTopic topic, bool validateOnly = false)
        => (await RunAsync(Controller.CreateTopicsAsync([topic], validateOnly)))[0];

    public Task<CreateTopicResult> CreateAsync(string name, int partitions = 1, short replicas = 1)
        => CreateAsync(new NewTopic(name, partitions, replicas, [], []));

    public async Task<DeleteTopicResult> DeleteAsync(string name)
        => (await RunAsync(Controller.DeleteTopicsAsync([new TopicReference(name, Guid.Empty)])))[0];

    /// <summary>Ends the session as a crash of the process would.</summary>
    public ValueTask DisposeAsync() => Session.DisposeAsync();

    internal sealed class FakeValidator : ITopicConfigValidator
    {
        public (ErrorCode Error, string? Message) Validate(string topic, IReadOnlyDictionary<string, string> config)
            => config.ContainsKey("bad") ? (ErrorCode.InvalidConfig, "bad is bad") : (ErrorCode.None, null);
    }
}
