namespace KBroker.Controller.Coordination.Tree;

/// <summary>What a transaction does.</summary>
internal enum TreeTransactionKind : byte
{
    /// <summary>The operations of a multi.</summary>
    Multi = 1,

    /// <summary>Deletes the ephemeral nodes of one session.</summary>
    CloseSession = 2,

    /// <summary>Deletes all ephemeral nodes: the process that held the sessions is gone.</summary>
    CloseAllSessions = 3,
}

/// <summary>One input of the tree; together with the state before it, it determines the state after it.</summary>
internal sealed record TreeTransaction(
    TreeTransactionKind Kind, long SessionId, IReadOnlyList<CoordinationOperation> Operations);
