using System.Net;
using KBroker.Broker.Configuration;
using KBroker.Broker.Partitions;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Storage;
using KBroker.Protocol.Identity;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>
/// A whole broker in this process: puts the parts together, starts them in the order in which they need each other and stops
/// them in the reverse.
/// </summary>
/// <remarks>
/// Start: bind the listeners, open the coordination store, register and elect, open the log directories (whose owner must be
/// this broker of this cluster), register topics for logs that have none if that is asked for, serve the partitions of the first image, accept. Stop: drain the listeners, flush and close
/// the logs, leave the cluster.
/// </remarks>
public sealed partial class BrokerHost : IAsyncDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private readonly BrokerConfigSource _config;
    private readonly BrokerListeners _listeners;
    private readonly ClusterMember _member;
    private readonly PartitionRegistry _partitions = new();
    private readonly ILogger<BrokerHost> _logger;
    private readonly ProcessLimits _limits;
    private BrokerStorage? _storage;
    private BrokerApis? _apis;
    private IDisposable? _subscription;
    private ITimer? _retries;
    private bool _stopped;

    private BrokerHost(BrokerConfigSource config, BrokerListeners listeners, ClusterMember member, ProcessLimits limits, ILogger<BrokerHost> logger)
    {
        _limits = limits;
        _config = config;
        _listeners = listeners;
        _member = member;
        _logger = logger;
    }

    /// <summary>The bound addresses by listener name, with the real port where port 0 was asked for.</summary>
    public IReadOnlyDictionary<string, IPEndPoint> EndPoints => _listeners.EndPoints;

    /// <summary>What clients put into <c>bootstrap.servers</c>: the first listener as it is advertised.</summary>
    public string BootstrapServers => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"{_listeners.Advertised[0].Host}:{_listeners.Advertised[0].Port}");

    /// <summary>The id of the cluster, 22 characters.</summary>
    public string ClusterId => _member.Metadata.Current.ClusterId;

    /// <summary>
    /// Completes with the reason when the broker has nothing left to serve, as all its log directories failed: whoever runs it has
    /// to let go of it and say so.
    /// </summary>
    public Task<string> Failed => _storage!.Failed;

    /// <summary>Starts a broker; when this returns it serves.</summary>
    /// <exception cref="BrokerStartException">It cannot start; the message says why.</exception>
    public static async Task<BrokerHost> StartAsync(BrokerConfig config, BrokerPlatform platform)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(platform);
        ILogger<BrokerHost> logger = platform.Loggers.CreateLogger<BrokerHost>();
        ProcessLimits limits = ProcessLimits.Of(config);
        LogLimits(logger, limits.Descriptors, limits.SegmentFiles, limits.Connections, limits.IndexBytes);
        var source = new BrokerConfigSource(config);
        BrokerListeners listeners = await BrokerListeners.BindAsync(config, platform.Time).ConfigureAwait(false);
        BrokerHost? host = null;
        try
        {
            RootDirectory.Create(platform.FileSystem, config.LogDirs.Directories[0]);
            ClusterMember member = await ClusterMember.OpenAsync(config, source, platform).ConfigureAwait(false);
            host = new BrokerHost(source, listeners, member, limits, logger);
            await host.StartAsync(platform).ConfigureAwait(false);
            return host;
        }
        catch (Exception e)
        {
            if (host is not null) await host.DisposeAsync().ConfigureAwait(false);
            else await listeners.DisposeAsync().ConfigureAwait(false);
            // A disk, a lock or a damaged file: the message is for the person who starts the broker. Anything else is a bug.
            if (e is IOException or ConfigException or LogDirectoryException or UnauthorizedAccessException) throw new BrokerStartException(e.Message, e);
            throw;
        }
    }

    /// <summary>
    /// Stops in order: no new connections, requests in progress get <c>kbroker.shutdown.drain.ms</c>, then every log is flushed
    /// and marked as cleanly closed.
    /// </summary>
    public async Task StopAsync()
    {
        if (_stopped) return;
        _stopped = true;
        LogStopping(_logger);
        if (_apis is not null) await _apis.StopWaitingAsync().ConfigureAwait(false);
        await _listeners.DrainAsync(_config.Current.ShutdownDrain).ConfigureAwait(false);
        await ReleaseAsync(inOrder: true).ConfigureAwait(false);
        LogStopped(_logger);
    }

    /// <summary>Lets go of everything without waiting for requests or flushing: to a reader of the files, a crash.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopped) return;
        _stopped = true;
        await ReleaseAsync(inOrder: false).ConfigureAwait(false);
    }

    private async Task StartAsync(BrokerPlatform platform)
    {
        BrokerConfig config = _config.Current;
        var self = new BrokerId(config.NodeId);
        await _member.JoinAsync(_listeners.Advertised, config.Rack).ConfigureAwait(false);
        _storage = BrokerStorage.Open(() => _config.Current, _member.Metadata.Current, _partitions, _limits.Storage(), platform);
        foreach ((string directory, StorageException failure) in _storage.Logs.Unavailable) LogUnavailable(_logger, directory, failure);
        if (config.LogDirs.AdoptLogs)
        {
            var adoption = new LogAdoption(self, _member.Controller, _member.ProducerIds, new Random(platform.Random.Next()), platform.Loggers.CreateLogger<LogAdoption>());
            await adoption.RunAsync(_storage.Logs, _member.Metadata.Current).ConfigureAwait(false);
        }

        var reconciler = new PartitionReconciler(
            self,
            _partitions,
            _storage.Logs,
            () => _config.Current,
            _storage.ReadHighWatermarks(),
            platform.Loggers.CreateLogger<PartitionReconciler>());
        _subscription = _member.Metadata.Subscribe(update =>
        {
            _config.Apply(update, self);
            reconciler.Apply(update);
        });
        _retries = platform.Time.CreateTimer(
            static state => ((PartitionReconciler)state!).RetryMissing(), reconciler, RetryInterval, RetryInterval);
        _storage.StartUpkeep();

        _apis = BrokerApis.Create(self, _config, _member, _partitions, _storage.Logs, platform);
        _listeners.Serve(_apis.Handlers, _limits.Connections, platform);
        foreach ((string name, IPEndPoint address) in EndPoints) LogListening(_logger, name, address);
        LogStarted(_logger, config.NodeId, ClusterId, _partitions.Count, string.Join(", ", config.LogDirs.Directories));
    }

    private async Task ReleaseAsync(bool inOrder)
    {
        await _listeners.DisposeAsync().ConfigureAwait(false);
        _subscription?.Dispose();
        if (_retries is not null) await _retries.DisposeAsync().ConfigureAwait(false);
        if (inOrder) _storage?.Close(_member.Epoch);
        else _storage?.Dispose();
        _apis?.Dispose();
        await _member.DisposeAsync().ConfigureAwait(false);
    }

    [LoggerMessage(4201, LogLevel.Information, "Listening on {Listener} at {Address}")]
    private static partial void LogListening(ILogger logger, string listener, IPEndPoint address);

    [LoggerMessage(4206, LogLevel.Information, "Of {Descriptors} descriptors, {SegmentFiles} are for segment files between uses and {Connections} for connections; {IndexBytes} bytes of memory are for cold indexes")]
    private static partial void LogLimits(ILogger logger, int descriptors, int segmentFiles, int connections, long indexBytes);

    [LoggerMessage(4202, LogLevel.Information, "Broker {NodeId} of cluster {ClusterId} is ready: {Partitions} partitions in {Directories}")]
    private static partial void LogStarted(ILogger logger, int nodeId, string clusterId, int partitions, string directories);

    [LoggerMessage(4203, LogLevel.Information, "Stopping: finishing requests in progress")]
    private static partial void LogStopping(ILogger logger);

    [LoggerMessage(4204, LogLevel.Information, "Stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(4205, LogLevel.Error, "{Directory} cannot be used; its partitions are offline")]
    private static partial void LogUnavailable(ILogger logger, string directory, Exception failure);
}
