using System.Text;

namespace KBroker.Protocol.Records;

/// <summary>A header of a record where it lies.</summary>
public readonly ref struct RecordHeaderView
{
    internal RecordHeaderView(ReadOnlySpan<byte> key, bool hasValue, ReadOnlySpan<byte> value)
    {
        KeyBytes = key;
        HasValue = hasValue;
        Value = value;
    }

    /// <summary>The name, in UTF-8.</summary>
    public ReadOnlySpan<byte> KeyBytes { get; }

    /// <summary>The name.</summary>
    public string Key => Encoding.UTF8.GetString(KeyBytes);

    /// <summary>Whether the value is not null.</summary>
    public bool HasValue { get; }

    /// <summary>The value; empty when null.</summary>
    public ReadOnlySpan<byte> Value { get; }
}
