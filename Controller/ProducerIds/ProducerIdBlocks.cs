using KBroker.Controller.Coordination;
using KBroker.Controller.Election;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.ProducerIds;

/// <summary>
/// Blocks of producer ids in Kafka's znode <c>/latest_producer_id_block</c>, which names the block that was taken last. A block belongs
/// to whoever wrote it on condition of the version it read, so that two brokers never share one.
/// </summary>
/// <param name="session">The session with the coordination store.</param>
/// <param name="broker">Who takes the blocks.</param>
public sealed class ProducerIdBlocks(ICoordinationSession session, BrokerId broker) : IProducerIdBlocks
{
    /// <summary>Ids in a block.</summary>
    public const int BlockSize = 1_000;

    // Each round lost to another broker is a block that it took.
    private const int MaxRounds = 100;

    /// <inheritdoc/>
    public ValueTask<ProducerIdBlock?> ClaimAsync() => WriteAsync(static latest => Following(latest));

    /// <inheritdoc/>
    public async ValueTask<bool> SkipThroughAsync(long producerId) =>
        await WriteAsync(latest => latest?.Last >= producerId ? null : new ProducerIdBlock(Following(latest).First, producerId)).ConfigureAwait(false) is not null;

    /// <summary>Writes the block that follows from the latest one; null leaves that one as it is.</summary>
    private async ValueTask<ProducerIdBlock?> WriteAsync(Func<ProducerIdBlock?, ProducerIdBlock?> follow)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            CoordinationResult<NodeData> node = await session.GetAsync(Znodes.ProducerIdBlock).ConfigureAwait(false);
            if (node.Status is not (CoordinationStatus.Ok or CoordinationStatus.NoNode)) return null;
            ProducerIdBlock? latest = node.IsOk ? ProducerIdBlockZnode.Decode(node.Value.Data) : null;
            if (follow(latest) is not { } next) return latest;
            byte[] data = ProducerIdBlockZnode.Encode(broker, next);
            OperationResult written = node.IsOk
                ? await session.SetDataAsync(Znodes.ProducerIdBlock, data, node.Value.Stat.Version).ConfigureAwait(false)
                : await session.CreateAsync(Znodes.ProducerIdBlock, data).ConfigureAwait(false);
            switch (written.Status)
            {
                case CoordinationStatus.Ok:
                    return next;
                // After a lost connection the block may be taken, by this broker or by another: the one after it is certainly free.
                case CoordinationStatus.BadVersion or CoordinationStatus.NodeExists or CoordinationStatus.NoNode or CoordinationStatus.ConnectionLoss:
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    private static ProducerIdBlock Following(ProducerIdBlock? latest)
    {
        long first = latest is { } block ? block.Last + 1 : 0;
        if (first < 0 || first > long.MaxValue - BlockSize) throw new InvalidDataException($"{Znodes.ProducerIdBlock}: there are no producer ids after {latest}");
        return new ProducerIdBlock(first, first + BlockSize - 1);
    }
}
