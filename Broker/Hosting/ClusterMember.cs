using KBroker.Broker.Configuration;
using KBroker.Controller;
using KBroker.Controller.Coordination;
using KBroker.Controller.Events;
using KBroker.Controller.Metadata;
using KBroker.Controller.ProducerIds;
using KBroker.Protocol;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>
/// This process's place in the cluster: its session with the coordination store, its registration, its candidacy for
/// controller, and the metadata that comes of it.
/// </summary>
internal sealed partial class ClusterMember : IAsyncDisposable
{
    private readonly ICoordinationStore _store;
    private readonly ICoordinationSession _session;
    private readonly ChannelEventLoop _loop;
    private readonly ClusterController _controller;

    private ClusterMember(
        ICoordinationStore store, ICoordinationSession session, ChannelEventLoop loop, ClusterController controller, MetadataFeed metadata, BrokerId self)
    {
        _store = store;
        _session = session;
        _loop = loop;
        _controller = controller;
        Metadata = metadata;
        ProducerIds = new ProducerIdBlocks(session, self);
    }

    /// <summary>The controller, as the handlers see it.</summary>
    public IClusterController Controller => _controller;

    /// <summary>The cluster as this broker knows it.</summary>
    public MetadataFeed Metadata { get; }

    /// <summary>Where this broker gets its producer ids.</summary>
    public IProducerIdBlocks ProducerIds { get; }

    /// <summary>This broker's incarnation.</summary>
    public BrokerEpoch Epoch { get; private set; }

    /// <summary>Opens the store and a session, and makes the candidate; nothing is written yet.</summary>
    /// <exception cref="BrokerStartException">The store is new, and the log directories hold what was not to be adopted.</exception>
    public static async Task<ClusterMember> OpenAsync(BrokerConfig config, ITopicConfigValidator validator, BrokerPlatform platform)
    {
        ILogger logger = platform.Loggers.CreateLogger<ClusterController>();
        ICoordinationStore store = platform.OpenCoordination(config.LogDirs.Directories[0]);
        try
        {
            ICoordinationSession session = await store.OpenSessionAsync().ConfigureAwait(false);
            string? newClusterId = await ClusterController.ReadClusterIdAsync(session).ConfigureAwait(false) is null
                ? ExistingLogs.Look(config.LogDirs, platform.FileSystem).ClusterIdForNewStore()
                : null;
            var loop = new ChannelEventLoop(fault => LogFault(logger, fault));
            var metadata = new MetadataFeed();
            var options = new ControllerOptions(
                new BrokerId(config.NodeId),
                config.Topics.NumPartitions,
                config.Topics.DefaultReplicationFactor,
                config.Topics.MaxPartitions,
                config.Topics.DeleteEnabled,
                config.TopicDefaults.Resolve(new Dictionary<string, string>()).UncleanLeaderElection)
            {
                NewClusterId = newClusterId,
                OnStoreFailure = failure => LogStoreFailure(logger, failure),
            };
            var controller = new ClusterController(
                options, session, loop, metadata, validator, new Random(platform.Random.Next()), platform.Time);
            return new ClusterMember(store, session, loop, controller, metadata, options.Id);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Registers this broker under the addresses it tells clients, then stands for controller. Returns when the first image is
    /// there.
    /// </summary>
    /// <exception cref="BrokerStartException">Another broker with this id is registered, or there is no controller.</exception>
    public async Task JoinAsync(IReadOnlyList<BrokerEndpoint> endpoints, string? rack)
    {
        RegisterBrokerResult registered = await _controller.RegisterBrokerAsync(endpoints, rack).ConfigureAwait(false);
        if (registered.Error != ErrorCode.None)
            throw new BrokerStartException($"The broker could not register in the cluster: {registered.Error.Name()}.");
        Epoch = registered.Epoch;
        await _controller.StartAsync().ConfigureAwait(false);
        if (!_controller.IsActive) throw new BrokerStartException("The cluster has no controller.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _controller.DisposeAsync().ConfigureAwait(false);
        await _loop.DisposeAsync().ConfigureAwait(false);
        await _session.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
    }

    [LoggerMessage(4101, LogLevel.Error, "The controller met an error that is a bug")]
    private static partial void LogFault(ILogger logger, Exception fault);

    [LoggerMessage(4102, LogLevel.Error, "The coordination store failed; the controller begins a new term once it can write again")]
    private static partial void LogStoreFailure(ILogger logger, Exception failure);
}
