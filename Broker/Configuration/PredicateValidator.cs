namespace KBroker.Broker.Configuration;

/// <summary>A rule given by a function, for the settings that ranges and choices do not describe.</summary>
/// <param name="allowed">What is allowed, as a phrase.</param>
/// <param name="reason">Kafka's wording of the refusal.</param>
/// <param name="accepts">Whether a parsed value is allowed.</param>
public sealed class PredicateValidator(string allowed, string reason, Func<object, bool> accepts) : ConfigValidator
{
    /// <inheritdoc />
    public override string Allowed => allowed;

    /// <inheritdoc />
    public override ConfigViolation? Check(object value) =>
        accepts(value) ? null : new(ConfigText.Format(value), reason);
}
