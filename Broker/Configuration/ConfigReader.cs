namespace KBroker.Broker.Configuration;

/// <summary>Typed access to the effective values of broker settings.</summary>
/// <param name="layers">The values.</param>
internal readonly struct ConfigReader(ConfigLayers layers)
{
    public int Int(string name) => (int)Value(name)!;

    public short Short(string name) => (short)Value(name)!;

    public long Long(string name) => (long)Value(name)!;

    public double Double(string name) => (double)Value(name)!;

    public bool Boolean(string name) => (bool)Value(name)!;

    public string? Text(string name) => (string?)Value(name);

    public IReadOnlyList<string>? List(string name) => (IReadOnlyList<string>?)Value(name);

    /// <summary>A number of milliseconds, at most what a timer takes.</summary>
    public TimeSpan Milliseconds(string name)
    {
        long milliseconds = Value(name) switch { int i => i, var other => (long)other! };
        return TimeSpan.FromMilliseconds(Math.Min(milliseconds, uint.MaxValue - 1L));
    }

    private object? Value(string name) => layers.Value(BrokerConfigs.Table[name]);
}
