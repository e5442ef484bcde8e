namespace KBroker.Broker.Fetching;

/// <summary>The session part of a Fetch request (KIP-227).</summary>
/// <param name="SessionId">The session, or 0 for none.</param>
/// <param name="Epoch">The request's number within the session; 0 asks for a full fetch and a new session, -1 for a full
/// fetch that ends the session.</param>
public readonly record struct FetchRequestMetadata(int SessionId, int Epoch)
{
    /// <summary>The epoch that asks for a full fetch and a new session.</summary>
    public const int InitialEpoch = 0;

    /// <summary>The epoch that asks for a full fetch and ends the session.</summary>
    public const int FinalEpoch = -1;

    /// <summary>Whether the request lists all its partitions.</summary>
    public bool IsFull => Epoch is InitialEpoch or FinalEpoch;
}
