using System.Text;
using KBroker.Cli.Client;
using KBroker.Protocol.Records;

namespace KBroker.Cli.Commands;

/// <summary>
/// Makes a record of a line, by the properties of Kafka's console producer: <c>headers TAB key TAB value</c>, where headers and
/// key are there only if asked for. Works on bytes: what is not text stays as it is.
/// </summary>
public sealed class RecordLineParser
{
    private readonly bool _parseKey;
    private readonly bool _parseHeaders;
    private readonly bool _ignoreError;
    private readonly byte[] _keySeparator;
    private readonly byte[] _headersDelimiter;
    private readonly byte[] _headersSeparator;
    private readonly byte[] _headersKeySeparator;
    private readonly byte[]? _nullMarker;

    /// <summary>A parser with the given properties; unknown names are left unread.</summary>
    /// <exception cref="CliException">Two of the separators are the same, or one is empty.</exception>
    public RecordLineParser(ClientProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        _parseKey = IsTrue("parse.key");
        _parseHeaders = IsTrue("parse.headers");
        _ignoreError = IsTrue("ignore.error");
        _keySeparator = Bytes("key.separator", "\t");
        _headersDelimiter = Bytes("headers.delimiter", "\t");
        _headersSeparator = Bytes("headers.separator", ",");
        _headersKeySeparator = Bytes("headers.key.separator", ":");
        _nullMarker = properties.Verbatim("null.marker") is { } marker ? Encoding.UTF8.GetBytes(marker) : null;
        Differ("headers.delimiter", _headersDelimiter, "headers.separator", _headersSeparator);
        Differ("headers.delimiter", _headersDelimiter, "headers.key.separator", _headersKeySeparator);
        Differ("headers.separator", _headersSeparator, "headers.key.separator", _headersKeySeparator);
        Differ("null.marker", _nullMarker, "key.separator", _keySeparator);
        Differ("null.marker", _nullMarker, "headers.delimiter", _headersDelimiter);
        Differ("null.marker", _nullMarker, "headers.separator", _headersSeparator);
        Differ("null.marker", _nullMarker, "headers.key.separator", _headersKeySeparator);

        bool IsTrue(string name) => string.Equals(properties.Text(name), "true", StringComparison.OrdinalIgnoreCase);
        byte[] Bytes(string name, string defaultValue)
        {
            string text = properties.Verbatim(name) ?? defaultValue;
            return text.Length > 0 ? Encoding.UTF8.GetBytes(text) : throw new CliException($"{name} must not be empty");
        }
    }

    /// <summary>The record of a line; its memory is that of the line.</summary>
    /// <exception cref="CliException">A separator is missing, and <c>ignore.error</c> is not set.</exception>
    public ProducerRecord Parse(ReadOnlyMemory<byte> line, long number)
    {
        ReadOnlyMemory<byte> rest = line;
        ReadOnlyMemory<byte>? headers = _parseHeaders ? Cut(ref rest, _headersDelimiter, "headers delimiter", number) : null;
        ReadOnlyMemory<byte>? key = _parseKey ? Cut(ref rest, _keySeparator, "key separator", number) : null;
        return new ProducerRecord(
            OrNull(key),
            OrNull(rest),
            headers is { Length: > 0 } list && !IsNull(list) ? ParseHeaders(list, number) : null);
    }

    private static void Differ(string name, byte[]? bytes, string otherName, byte[]? other)
    {
        if (bytes is not null && other is not null && bytes.AsSpan().SequenceEqual(other))
            throw new CliException($"{name} and {otherName} must not be equal");
    }

    private ReadOnlyMemory<byte>? Cut(ref ReadOnlyMemory<byte> rest, byte[] separator, string name, long number)
    {
        int index = rest.Span.IndexOf(separator);
        if (index < 0) return _ignoreError ? null : throw Missing(name, rest, number);
        ReadOnlyMemory<byte> part = rest[..index];
        rest = rest[(index + separator.Length)..];
        return part;
    }

    private List<RecordHeader> ParseHeaders(ReadOnlyMemory<byte> text, long number)
    {
        var headers = new List<RecordHeader>();
        while (true)
        {
            int end = text.Span.IndexOf(_headersSeparator);
            headers.Add(ParseHeader(end < 0 ? text : text[..end], number));
            if (end < 0) return headers;
            text = text[(end + _headersSeparator.Length)..];
        }
    }

    private RecordHeader ParseHeader(ReadOnlyMemory<byte> pair, long number)
    {
        int end = pair.Span.IndexOf(_headersKeySeparator);
        if (end < 0)
        {
            if (_ignoreError) return new RecordHeader(Encoding.UTF8.GetString(pair.Span), null);
            throw Missing("header key separator", pair, number);
        }

        if (IsNull(pair[..end])) throw new CliException($"Line {number}: the key of a header cannot be null");
        return new RecordHeader(Encoding.UTF8.GetString(pair.Span[..end]), OrNull(pair[(end + _headersKeySeparator.Length)..])?.ToArray());
    }

    private bool IsNull(ReadOnlyMemory<byte> bytes) => _nullMarker is not null && bytes.Span.SequenceEqual(_nullMarker);

    private ReadOnlyMemory<byte>? OrNull(ReadOnlyMemory<byte>? bytes) => bytes is { } some && IsNull(some) ? default(ReadOnlyMemory<byte>?) : bytes;

    private static CliException Missing(string what, ReadOnlyMemory<byte> where, long number)
    {
        const int Shown = 100;
        string text = Encoding.UTF8.GetString(where.Span[..Math.Min(Shown, where.Length)]);
        var printable = new StringBuilder(text.Length);
        foreach (char c in text) printable.Append(char.IsControl(c) && c != '\t' ? '\uFFFD' : c);
        return new CliException($"No {what} found on line number {number}: '{printable}{(where.Length > Shown ? "..." : "")}'");
    }
}
