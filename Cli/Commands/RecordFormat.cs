using System.Text;
using KBroker.Cli.Client;
using KBroker.Protocol.Records;

namespace KBroker.Cli.Commands;

/// <summary>Writes records by the properties of Kafka's console consumer. Keys and values are written as they are.</summary>
public sealed class RecordFormat
{
    private readonly bool _timestamp;
    private readonly bool _partition;
    private readonly bool _offset;
    private readonly bool _epoch;
    private readonly bool _headers;
    private readonly bool _key;
    private readonly bool _value;
    private readonly byte[] _keySeparator;
    private readonly byte[] _lineSeparator;
    private readonly byte[] _headersSeparator;
    private readonly byte[] _nullLiteral;

    /// <summary>A format with the given properties; unknown names are left unread.</summary>
    public RecordFormat(ClientProperties properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        _timestamp = Is("print.timestamp", false);
        _partition = Is("print.partition", false);
        _offset = Is("print.offset", false);
        _epoch = Is("print.epoch", false);
        _headers = Is("print.headers", false);
        _key = Is("print.key", false);
        _value = Is("print.value", true);
        _keySeparator = Bytes("key.separator", "\t");
        _lineSeparator = Bytes("line.separator", "\n");
        _headersSeparator = Bytes("headers.separator", ",");
        _nullLiteral = Bytes("null.literal", "null");

        bool Is(string name, bool defaultValue) =>
            properties.Text(name) is { } text ? text.Equals("true", StringComparison.OrdinalIgnoreCase) : defaultValue;
        byte[] Bytes(string name, string defaultValue) => Encoding.UTF8.GetBytes(properties.Verbatim(name) ?? defaultValue);
    }

    /// <summary>Writes one record: what is asked for, separated, and a line separator at the end.</summary>
    public void Write(ByteSink output, int partition, in RecordBatchInfo batch, Record record)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_timestamp)
        {
            WriteTimestamp(output, batch, record.Timestamp);
            Separate(output, _partition || _offset || _epoch || _headers || _key || _value);
        }

        if (_partition)
        {
            output.Write("Partition:"u8);
            output.Write(partition);
            Separate(output, _offset || _epoch || _headers || _key || _value);
        }

        if (_offset)
        {
            output.Write("Offset:"u8);
            output.Write(record.Offset);
            Separate(output, _epoch || _headers || _key || _value);
        }

        if (_epoch)
        {
            output.Write("Epoch:"u8);
            if (batch.PartitionLeaderEpoch < 0) output.Write("NOT_PRESENT"u8);
            else output.Write(batch.PartitionLeaderEpoch);
            Separate(output, _headers || _key || _value);
        }

        if (_headers)
        {
            WriteHeaders(output, record.Headers);
            Separate(output, _key || _value);
        }

        if (_key)
        {
            output.Write(record.HasKey ? record.Key : _nullLiteral);
            Separate(output, _value);
        }

        if (_value)
        {
            output.Write(record.HasValue ? record.Value : _nullLiteral);
            output.Write(_lineSeparator);
        }
    }

    private static void WriteTimestamp(ByteSink output, in RecordBatchInfo batch, long timestamp)
    {
        if (batch.Magic == 0)
        {
            output.Write("NO_TIMESTAMP"u8);
            return;
        }

        output.Write(batch.Attributes.TimestampType == TimestampType.LogAppendTime ? "LogAppendTime:"u8 : "CreateTime:"u8);
        output.Write(timestamp);
    }

    private void WriteHeaders(ByteSink output, RecordHeaders headers)
    {
        if (headers.Count == 0) output.Write("NO_HEADERS"u8);
        bool isFirst = true;
        foreach (RecordHeaderView header in headers)
        {
            if (!isFirst) output.Write(_headersSeparator);
            isFirst = false;
            output.Write(header.KeyBytes);
            output.Write(":"u8);
            output.Write(header.HasValue ? header.Value : _nullLiteral);
        }
    }

    private void Separate(ByteSink output, bool moreFollows) => output.Write(moreFollows ? _keySeparator : _lineSeparator);
}
