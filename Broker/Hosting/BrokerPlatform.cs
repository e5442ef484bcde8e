using KBroker.Controller.Coordination;
using KBroker.LogEngine.Storage;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>What a broker takes from the world around it. Tests give it other clocks, disks and stores.</summary>
public sealed record BrokerPlatform
{
    /// <summary>Where log lines go.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The disk.</summary>
    public ILogFileSystem FileSystem { get; init; } = new PhysicalLogFileSystem();

    /// <summary>Makes the seeds of the parts that draw at random.</summary>
    public Random Random { get; init; } = new();

    /// <summary>Opens the coordination store; it is given the first log directory, which exists.</summary>
    public Func<string, ICoordinationStore> OpenCoordination { get; init; } = static directory => EmbeddedCoordinationStore.Open(directory);
}
