namespace KBroker.Broker.Configuration;

/// <summary>Text, or every entry of a list, out of a fixed set; case matters, as in Kafka.</summary>
/// <param name="choices">The allowed texts.</param>
public sealed class ChoiceValidator(params string[] choices) : ConfigValidator
{
    /// <inheritdoc />
    public override string Allowed => $"one of {string.Join(", ", choices)}";

    /// <inheritdoc />
    public override ConfigViolation? Check(object value)
    {
        if (value is IReadOnlyList<string> entries)
        {
            foreach (string entry in entries)
            {
                if (CheckOne(entry) is { } violation) return violation;
            }
            return null;
        }
        return CheckOne((string)value);
    }

    private ConfigViolation? CheckOne(string text) =>
        Array.IndexOf(choices, text) >= 0 ? null : new(text, $"String must be one of: {string.Join(", ", choices)}");
}
