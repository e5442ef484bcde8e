namespace KBroker.Cli.Commands.Groups;

/// <summary>What <c>kbroker groups</c> does.</summary>
public enum GroupsAction
{
    /// <summary>Lists groups.</summary>
    List,

    /// <summary>Shows groups.</summary>
    Describe,

    /// <summary>Deletes groups.</summary>
    Delete,

    /// <summary>Deletes offsets.</summary>
    DeleteOffsets,

    /// <summary>Sets offsets.</summary>
    ResetOffsets,
}
