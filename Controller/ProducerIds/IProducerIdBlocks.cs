namespace KBroker.Controller.ProducerIds;

/// <summary>Gives brokers blocks of producer ids, each once in the life of the cluster.</summary>
public interface IProducerIdBlocks
{
    /// <summary>Takes the next block, durably: after a crash it is gone, used or not.</summary>
    /// <returns>The block; null while the coordination store is not to be had.</returns>
    /// <exception cref="IOException">The disk of the store failed.</exception>
    /// <exception cref="InvalidDataException">What the store holds is not understood, or there are no ids left.</exception>
    ValueTask<ProducerIdBlock?> ClaimAsync();

    /// <summary>Makes sure, durably, that no block claimed from now on has an id up to this one: they were given out elsewhere.</summary>
    /// <returns>False while the coordination store is not to be had.</returns>
    /// <exception cref="IOException">The disk of the store failed.</exception>
    /// <exception cref="InvalidDataException">What the store holds is not understood, or there are no ids left.</exception>
    ValueTask<bool> SkipThroughAsync(long producerId);
}
