namespace KBroker.Compat.Tests.Histories;

/// <summary>What must not be in a history.</summary>
internal enum Anomaly
{
    /// <summary>A record that nobody sent, or not there.</summary>
    Phantom,

    /// <summary>A record of an aborted transaction was seen (G1a).</summary>
    AbortedRead,

    /// <summary>A record was seen before its producer asked for the commit.</summary>
    PrecommittedRead,

    /// <summary>Some but not all records of a transaction are there.</summary>
    TornTransaction,

    /// <summary>A record of a committed transaction is not there.</summary>
    LostWrite,

    /// <summary>A record is there twice.</summary>
    Duplicate,

    /// <summary>Two records at one offset.</summary>
    InconsistentOffset,

    /// <summary>Records of one producer in one partition are not in the order it sent them.</summary>
    Disorder,

    /// <summary>A consumer was given an offset that is not after the one before.</summary>
    NonMonotonicRead,

    /// <summary>A consumer was led past a record.</summary>
    Skip,

    /// <summary>An offset that only grows went back.</summary>
    OffsetWentBack,

    /// <summary>Transactions read each other's writes in a circle (G1c).</summary>
    CircularFlow,
}
