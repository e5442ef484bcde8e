using System.Globalization;

namespace KBroker.Broker.Configuration;

/// <summary>A number between two inclusive bounds, either of which may be open; one value outside can be allowed as well.</summary>
public sealed class RangeValidator : ConfigValidator
{
    private readonly double? _min;
    private readonly double? _max;
    private readonly double? _orElse;

    private RangeValidator(double? min, double? max, double? orElse)
    {
        _min = min;
        _max = max;
        _orElse = orElse;
    }

    /// <inheritdoc />
    public override string Allowed
    {
        get
        {
            string range = (_min, _max) switch
            {
                ({ } min, { } max) => $"from {Text(min)} to {Text(max)}",
                ({ } min, null) => $"at least {Text(min)}",
                (null, { } max) => $"at most {Text(max)}",
                _ => "any number",
            };
            return _orElse is { } other ? $"{range}, or {Text(other)}" : range;
        }
    }

    /// <summary>Numbers not below a bound.</summary>
    /// <param name="min">The smallest allowed number.</param>
    /// <returns>The rule.</returns>
    public static RangeValidator AtLeast(double min) => new(min, null, null);

    /// <summary>Numbers between two bounds.</summary>
    /// <param name="min">The smallest allowed number.</param>
    /// <param name="max">The largest allowed number.</param>
    /// <returns>The rule.</returns>
    public static RangeValidator Between(double min, double max) => new(min, max, null);

    /// <summary>Numbers between two bounds, and one special number.</summary>
    /// <param name="min">The smallest allowed number.</param>
    /// <param name="max">The largest allowed number.</param>
    /// <param name="other">The special number.</param>
    /// <returns>The rule.</returns>
    public static RangeValidator BetweenOr(double min, double max, double other) => new(min, max, other);

    /// <inheritdoc />
    public override ConfigViolation? Check(object value)
    {
        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        if (_orElse is { } other)
        {
            return number == other || (number >= _min && number <= _max)
                ? null
                : new(text, $"Value must be between {Text(_min!.Value)} and {Text(_max!.Value)} or equal to {Text(other)}");
        }
        if (number < _min) return new(text, $"Value must be at least {Text(_min.Value)}");
        if (number > _max) return new(text, $"Value must be no more than {Text(_max.Value)}");
        return null;
    }

    private static string Text(double number) => number.ToString("0.####", CultureInfo.InvariantCulture);
}
