namespace KBroker.Broker.Configuration;

/// <summary>A rule on the parsed value of a setting.</summary>
public abstract class ConfigValidator
{
    /// <summary>What the rule allows, as a phrase for an error message or a table: <c>at least 1</c>.</summary>
    public abstract string Allowed { get; }

    /// <summary>Checks a parsed value.</summary>
    /// <param name="value">A value of the setting's type.</param>
    /// <returns>What is wrong, in Kafka's wording, with the offending value; null when the value is allowed.</returns>
    public abstract ConfigViolation? Check(object value);
}
