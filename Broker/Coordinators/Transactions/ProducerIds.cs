using KBroker.Controller.ProducerIds;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Coordinators.Transactions;

/// <summary>
/// The producer ids that this broker gives out, each once. The next block is taken before the present one is used up, so that nobody
/// waits for the coordination store but who comes first; what is left of the blocks when the broker stops is never given out.
/// </summary>
/// <param name="blocks">Where blocks come from.</param>
/// <param name="logger">Hears why there are none.</param>
public sealed partial class ProducerIds(IProducerIdBlocks blocks, ILogger logger) : IProducerIds
{
    private readonly Lock _gate = new();
    private ProducerIdBlock? _current;
    private ProducerIdBlock? _ahead;
    private Task<bool>? _claim;

    /// <inheritdoc/>
    public bool TryTake(out long producerId)
    {
        lock (_gate)
        {
            _current ??= TakeAhead();
            producerId = -1;
            if (_current is not { } block)
            {
                Claim();
                return false;
            }

            producerId = block.First;
            _current = block.First == block.Last ? TakeAhead() : block with { First = block.First + 1 };
            long left = _current is { } rest ? rest.Last - rest.First + 1 : 0;
            if (_ahead is null && left <= ProducerIdBlocks.BlockSize / 2) Claim();
            return true;
        }
    }

    /// <summary>The next id, once there is one.</summary>
    /// <returns>The id; null while the coordination store is not to be had: asking again may help.</returns>
    public async ValueTask<long?> TakeAsync()
    {
        while (true)
        {
            if (TryTake(out long producerId)) return producerId;
            if (!await EnsureAsync().ConfigureAwait(false)) return null;
        }
    }

    /// <summary>Waits until there is an id to take, unless others take it first.</summary>
    /// <returns>Whether there was one; false while the coordination store is not to be had.</returns>
    public Task<bool> EnsureAsync()
    {
        lock (_gate) return _current is not null || _ahead is not null ? Task.FromResult(true) : Claim();
    }

    private ProducerIdBlock? TakeAhead()
    {
        ProducerIdBlock? block = _ahead;
        _ahead = null;
        return block;
    }

    private Task<bool> Claim() => _claim is { IsCompleted: false } ? _claim : _claim = ClaimAsync();

    private async Task<bool> ClaimAsync()
    {
        try
        {
            // The caller holds the gate.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            ProducerIdBlock? block = await blocks.ClaimAsync().ConfigureAwait(false);
            if (block is null)
            {
                LogNone(logger);
                return false;
            }

            lock (_gate) _ahead = block;
            return true;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ObjectDisposedException)
        {
            LogFailed(logger, e);
            return false;
        }
    }

    [LoggerMessage(3121, LogLevel.Warning, "There are no producer ids to give out: the coordination store is not to be had")]
    private static partial void LogNone(ILogger logger);

    [LoggerMessage(3122, LogLevel.Error, "There are no producer ids to give out: the coordination store failed")]
    private static partial void LogFailed(ILogger logger, Exception failure);
}
