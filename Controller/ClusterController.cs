using KBroker.Controller.Coordination;
using KBroker.Controller.Election;
using KBroker.Controller.Events;
using KBroker.Controller.Metadata;
using KBroker.Controller.Placement;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller;

/// <summary>
/// A candidate for controller on one session of a coordination store, and the controller while it holds the office. Its
/// state belongs to the event loop. Every write is a multi on condition of the term's epoch; a write that fails means that
/// somebody else wrote, so it resigns, and starts over from the tree if it is elected again. A write that throws (the disk is
/// full) leaves open what was written: the term is over, and each later event tries once to begin a new one. When the session
/// ends, so does the candidacy: open another session and make another controller.
/// </summary>
public sealed class ClusterController : IClusterController, IAsyncDisposable
{
    private readonly ControllerOptions _options;
    private readonly ICoordinationSession _session;
    private readonly IEventLoop _loop;
    private readonly IMetadataPublisher _publisher;
    private readonly ITopicConfigValidator _validator;
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly ControllerElection _election;
    private readonly TopicPlanner _planner;
    private readonly List<IDisposable> _watches = [];
    private volatile ControllerState? _state;

    // The store failed under a term or an election: the office may be ours though there is no state.
    private bool _unsettled;

    /// <summary>A candidate that has not started.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="session">The session, which stays the caller's.</param>
    /// <param name="loop">The loop, which stays the caller's.</param>
    /// <param name="publisher">Takes the images.</param>
    /// <param name="validator">Judges configurations of new topics.</param>
    /// <param name="random">Chooses ids and first brokers; used on the loop only.</param>
    /// <param name="time">Dates registrations.</param>
    public ClusterController(
        ControllerOptions options, ICoordinationSession session, IEventLoop loop, IMetadataPublisher publisher,
        ITopicConfigValidator validator, Random random, TimeProvider time)
    {
        _options = options;
        _session = session;
        _loop = loop;
        _publisher = publisher;
        _validator = validator;
        _random = random;
        _time = time;
        _election = new ControllerElection(session, options.Id, time);
        _planner = new TopicPlanner(new ReplicaPlacer(random), options.MaxPartitions);
    }

    /// <inheritdoc/>
    public bool IsActive => _state is not null;

    /// <summary>The term this process holds the office in; null if it does not.</summary>
    public ControllerEpoch? ActiveEpoch => _state?.Term.Epoch;

    /// <summary>
    /// Becomes a candidate. Completes when the first election is over and, if it was won, the first image is published.
    /// </summary>
    public Task StartAsync()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = _loop.Post(async () =>
        {
            try
            {
                foreach (string path in Znodes.Persistent) await _session.EnsurePathAsync(path);
                _watches.Add(await _session.WatchAsync(
                    Znodes.Controller, recursive: false, _ => _loop.Post(SettleOfficeAsync)));
                _watches.Add(await _session.WatchAsync(
                    Znodes.BrokerIds, recursive: true, _ => Post(new BrokersChangedEvent(_options))));
                await CheckOfficeAsync();
                started.TrySetResult();
            }
            catch (Exception e)
            {
                started.TrySetException(e);
            }
        });
        if (!posted) started.TrySetException(new InvalidOperationException("The controller's event loop has ended."));
        return started.Task;
    }

    /// <summary>The id of the cluster whose tree this is; null while there is none.</summary>
    public static async ValueTask<string?> ReadClusterIdAsync(ICoordinationSession session)
    {
        CoordinationResult<NodeData> node = await session.GetAsync(Znodes.ClusterId);
        return node.IsOk ? ClusterIdZnode.Decode(node.Value.Data) : null;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<CreateTopicResult>> CreateTopicsAsync(IReadOnlyList<NewTopic> topics, bool validateOnly)
        => Post(new CreateTopicsEvent(topics, validateOnly, _options, _planner, _validator, _random));

    /// <inheritdoc/>
    public Task<IReadOnlyList<DeleteTopicResult>> DeleteTopicsAsync(IReadOnlyList<TopicReference> topics)
        => Post(new DeleteTopicsEvent(topics, _options));

    /// <inheritdoc/>
    public Task<IReadOnlyList<CreatePartitionsResult>> CreatePartitionsAsync(
        IReadOnlyList<NewPartitions> topics, bool validateOnly)
        => Post(new CreatePartitionsEvent(topics, validateOnly, _planner));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ConfigAlterationResult>> AlterConfigsAsync(
        IReadOnlyList<ConfigAlteration> alterations, bool validateOnly)
        => Post(new AlterConfigsEvent(alterations, validateOnly));

    /// <inheritdoc/>
    public Task<IReadOnlyList<IsrChangeResult>> AlterPartitionsAsync(IReadOnlyList<IsrChange> changes)
        => Post(new AlterPartitionsEvent(changes));

    /// <inheritdoc/>
    public async Task<RegisterBrokerResult> RegisterBrokerAsync(IReadOnlyList<BrokerEndpoint> endpoints, string? rack)
    {
        RegisterBrokerResult result = await new BrokerRegistrar(_session, _options.Id, _time).RegisterAsync(endpoints, rack);
        if (result.Error == ErrorCode.None) await Post(new BrokersChangedEvent(_options));
        return result;
    }

    /// <summary>Gives up the office and the candidacy. The loop must still be running.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (IDisposable watch in _watches) watch.Dispose();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = _loop.Post(async () =>
        {
            try
            {
                _unsettled = false;
                if (_state is not null) await ResignAsync();
                done.TrySetResult();
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        });
        if (posted) await done.Task;
    }

    private Task<TResult> Post<TResult>(ControllerEvent<TResult> controllerEvent)
    {
        if (!_loop.Post(() => ProcessAsync(controllerEvent))) controllerEvent.Refuse(ErrorCode.NotController);
        return controllerEvent.Task;
    }

    // Read, decide, write, publish, answer. Nothing is published that is not durable, nothing answered that is not published.
    private async Task ProcessAsync(ControllerEvent controllerEvent)
    {
        if (_unsettled) await SettleOfficeAsync();
        if (_state is not ControllerState state)
        {
            controllerEvent.Refuse(ErrorCode.NotController);
            return;
        }

        IReadOnlyList<CoordinationOperation> writes;
        ClusterMetadataDelta delta;
        try
        {
            await controllerEvent.ReadAsync(_session);
            (writes, delta) = controllerEvent.Decide(state);
        }
        catch (Exception e)
        {
            controllerEvent.Fail(e);
            return;
        }

        try
        {
            if (!await WriteAsync(state.Term, writes))
            {
                await ResignAsync();
                controllerEvent.Refuse(ErrorCode.NotController);
                return;
            }
        }
        catch (Exception e)
        {
            // What was written is unknown, so the state may be wrong, and none is better.
            _state = null;
            _unsettled = true;
            controllerEvent.Fail(e);
            _options.OnStoreFailure?.Invoke(e);
            return;
        }

        try
        {
            Publish(state, delta);
            controllerEvent.Complete();
        }
        catch (Exception e)
        {
            controllerEvent.Fail(e);
        }
    }

    private void Publish(ControllerState state, ClusterMetadataDelta delta)
    {
        if (delta.IsEmpty) return;
        MetadataVersion version = state.Image.Version with { Number = state.Image.Version.Number + 1 };
        ClusterMetadataImage image = state.Image.Apply(delta, version);
        _state = state with { Image = image };
        _publisher.Publish(new MetadataUpdate(image, delta));
    }

    // A large change takes several multis; each is conditional on the term, and each prefix is a tree that can be loaded.
    private async ValueTask<bool> WriteAsync(ControllerTerm term, IReadOnlyList<CoordinationOperation> writes)
    {
        foreach (CoordinationOperation[] chunk in writes.Chunk(_options.OperationsPerWrite - 1))
        {
            MultiResult result = await _session.MultiAsync([term.Fence, .. chunk]);
            if (!result.IsOk) return false;
        }

        return true;
    }

    private async Task SettleOfficeAsync()
    {
        try
        {
            await CheckOfficeAsync();
        }
        catch (Exception e)
        {
            _options.OnStoreFailure?.Invoke(e);
        }
    }

    private async Task CheckOfficeAsync()
    {
        _unsettled = true;
        await TakeOfficeIfVacantAsync();
        _unsettled = false;
    }

    // An office of this session without a state is as good as vacant: a new term begins, with a higher epoch.
    private async ValueTask TakeOfficeIfVacantAsync()
    {
        CoordinationResult<NodeData> office = await _session.GetAsync(Znodes.Controller);
        bool ours = office.IsOk && office.Value.Stat.EphemeralOwner == _session.SessionId;
        if (_state is not null)
        {
            if (ours) return;
            _state = null;
        }

        if (office.IsOk && !ours) return;
        if (await _election.TryElectAsync() is ControllerTerm term) await BeginTermAsync(term);
    }

    private async ValueTask BeginTermAsync(ControllerTerm term)
    {
        var loader = new MetadataLoader(_session, term, _options, _random);
        (ClusterMetadataImage image, IReadOnlyList<CoordinationOperation> repairs) = await loader.LoadAsync();
        if (!await WriteAsync(term, repairs))
        {
            await ResignAsync();
            return;
        }

        _state = new ControllerState(term, image);
        _publisher.Publish(new MetadataUpdate(image, new ClusterMetadataDelta { IsFull = true }));
    }

    // Deleting the node wakes every candidate, this one included.
    private async ValueTask ResignAsync()
    {
        _state = null;
        await _election.ResignAsync();
    }
}
