using System.Globalization;
using KBroker.Protocol;

namespace KBroker.Cli.Client;

/// <summary>
/// Settings of a client under Kafka's names, such as <c>linger.ms</c>. Reading a setting marks it as known; what nobody asked
/// for is left in <see cref="Unread"/>.
/// </summary>
public sealed class ClientProperties
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Names that were set but not read, by name: settings that have no effect here.</summary>
    public IEnumerable<string> Unread => _values.Keys.Where(name => !_read.Contains(name)).Order(StringComparer.Ordinal);

    /// <summary>Sets a value; the last one wins.</summary>
    public void Set(string name, string value) => _values[name] = value;

    /// <summary>Sets a value unless there is one.</summary>
    public void SetDefault(string name, string value) => _values.TryAdd(name, value);

    /// <summary>A value as text, or null.</summary>
    public string? Text(string name)
    {
        _read.Add(name);
        return _values.TryGetValue(name, out string? value) ? value.Trim() : null;
    }

    /// <summary>A value as it was set, white space and all, or null.</summary>
    public string? Verbatim(string name)
    {
        _read.Add(name);
        return _values.GetValueOrDefault(name);
    }

    /// <summary>An integer within bounds.</summary>
    /// <exception cref="ClientException">The value is not one.</exception>
    public int Integer(string name, int defaultValue, int lowest = 0, int highest = int.MaxValue)
    {
        if (Text(name) is not { } text) return defaultValue;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= lowest && value <= highest
            ? value
            : throw Invalid(name, text, $"expected a whole number from {lowest} to {highest}");
    }

    /// <summary>A time in milliseconds.</summary>
    /// <exception cref="ClientException">The value is not one.</exception>
    public TimeSpan Milliseconds(string name, TimeSpan defaultValue, int lowest = 0) =>
        Text(name) is null ? defaultValue : TimeSpan.FromMilliseconds(Integer(name, 0, lowest));

    /// <summary>One of several words, whatever its case; returned as listed.</summary>
    /// <exception cref="ClientException">The value is none of them.</exception>
    public string Choice(string name, string defaultValue, params ReadOnlySpan<string> allowed)
    {
        if (Text(name) is not { } text) return defaultValue;
        foreach (string choice in allowed)
            if (string.Equals(choice, text, StringComparison.OrdinalIgnoreCase)) return choice;
        throw Invalid(name, text, $"expected one of {string.Join(", ", allowed!)}");
    }

    /// <summary>The options that all commands share, on top of <paramref name="defaults"/>.</summary>
    /// <exception cref="ClientException">A value is not valid, or asks for security that this client does not have.</exception>
    public ClientOptions ToOptions(ClientOptions defaults)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        string protocol = Text("security.protocol") ?? "PLAINTEXT";
        if (!protocol.Equals("PLAINTEXT", StringComparison.OrdinalIgnoreCase))
            throw new ClientException(ErrorCode.InvalidConfig, $"security.protocol={protocol}: these commands speak PLAINTEXT only");
        return defaults with
        {
            ClientId = Text("client.id") ?? defaults.ClientId,
            RequestTimeout = Milliseconds("request.timeout.ms", defaults.RequestTimeout, 1),
            ApiTimeout = Milliseconds("default.api.timeout.ms", defaults.ApiTimeout, 1),
            ConnectTimeout = Milliseconds("socket.connection.setup.timeout.ms", defaults.ConnectTimeout, 1),
            RetryBackoff = Milliseconds("retry.backoff.ms", defaults.RetryBackoff),
            RetryBackoffMax = Milliseconds("retry.backoff.max.ms", defaults.RetryBackoffMax),
        };
    }

    private static ClientException Invalid(string name, string text, string expected) =>
        new(ErrorCode.InvalidConfig, $"{name}={text}: {expected}");
}
