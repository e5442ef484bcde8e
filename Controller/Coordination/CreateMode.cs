namespace KBroker.Controller.Coordination;

/// <summary>How a node is created.</summary>
[Flags]
public enum CreateMode
{
    /// <summary>It stays until it is deleted.</summary>
    Persistent = 0,

    /// <summary>It goes with the session that created it.</summary>
    Ephemeral = 1,

    /// <summary>Ten digits, growing per parent, are appended to the name.</summary>
    Sequential = 2,
}
