namespace KBroker.Broker.Configuration.Alterations;

/// <summary>What is done to one setting. The numbers are those of IncrementalAlterConfigs (KIP-339).</summary>
public enum ConfigOperation : sbyte
{
    /// <summary>The value takes the place of what is set.</summary>
    Set = 0,

    /// <summary>The setting goes back to its default.</summary>
    Delete = 1,

    /// <summary>Entries are added to a list, those that it does not have.</summary>
    Append = 2,

    /// <summary>Entries are taken out of a list.</summary>
    Subtract = 3,
}
