namespace KBroker.Broker.Configuration;

/// <summary>How likely an operator has to think about a setting.</summary>
public enum ConfigImportance
{
    /// <summary>Rarely touched.</summary>
    Low,

    /// <summary>Worth knowing.</summary>
    Medium,

    /// <summary>To be decided for every installation.</summary>
    High,
}
