namespace KBroker.Protocol.Compression;

/// <summary>How a step of decompression ended.</summary>
public enum DecompressionStatus
{
    /// <summary>The output given is full, or some was written and more may follow.</summary>
    More,

    /// <summary>Everything has been written.</summary>
    Done,

    /// <summary>The input is not what the codec writes, or ends too early.</summary>
    Corrupt,

    /// <summary>The output would exceed the limit, or the input needs a larger window than allowed.</summary>
    LimitExceeded,
}
