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
    public async ValueTask<ProducerIdBlock?> ClaimAsync()
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            CoordinationResult<NodeData> latest = await session.GetAsync(Znodes.ProducerIdBlock).ConfigureAwait(false);
            if (latest.Status is not (CoordinationStatus.Ok or CoordinationStatus.NoNode)) return null;
            ProducerIdBlock next = Following(latest.IsOk ? ProducerIdBlockZnode.Decode(latest.Value.Data) : null);
            byte[] data = ProducerIdBlockZnode.Encode(broker, next);
            OperationResult written = latest.IsOk
                ? await session.SetDataAsync(Znodes.ProducerIdBlock, data, latest.Value.Stat.Version).ConfigureAwait(false)
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
