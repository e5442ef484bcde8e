using System.Collections;
using System.Text.Json;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Messages;

/// <summary>A view says what the class of the same message says, of good bytes and of bad ones.</summary>
public sealed class ViewTests
{
    private static readonly JsonElement[] Rows = [.. VectorFiles.Messages.Where(row => ViewCopies.HasView(MessageCodec.Of(row).Type))];

    [Fact]
    public void Read_GoldenBytes_AgreesWithClass()
    {
        Assert.True(Rows.Length >= 100);
        foreach (JsonElement row in Rows) CheckAgreement(row, MessageCodec.BytesOf(row));
    }

    [Fact]
    public void Read_CutOffAnywhere_IsMalformed()
    {
        foreach (JsonElement row in Rows)
        {
            byte[] bytes = MessageCodec.BytesOf(row);
            for (int length = 0; length < bytes.Length; length++)
                Assert.Throws<MalformedMessageException>(() =>
                    ViewCopies.Read(MessageCodec.Of(row).Type, bytes.AsMemory(0, length), MessageCodec.VersionOf(row), out _));
        }
    }

    [Fact]
    public void Read_ByteChanged_AgreesWithClass()
    {
        var random = new Random(7);
        foreach (JsonElement row in Rows)
        {
            byte[] golden = MessageCodec.BytesOf(row);
            for (int i = 0; i < 200; i++)
            {
                byte[] bytes = [.. golden];
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                CheckAgreement(row, bytes);
            }
        }
    }

    [Fact]
    public void Read_ProduceRequest_AllocatesNothing()
    {
        byte[] bytes = new ProduceRequest
        {
            TransactionalId = "t",
            Acks = -1,
            TopicData = [new() { Name = "topic", PartitionData = [new() { Records = new RecordsData(new byte[1000]) }] }],
        }.ToArray(12);
        Walk(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int records = Walk(bytes);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(1000, records);

        static int Walk(byte[] bytes)
        {
            int total = 0;
            var reader = new KafkaReader(bytes.AsMemory());
            foreach (ProduceRequestView.TopicProduceData topic in ProduceRequestView.Read(ref reader, 12).TopicData)
                foreach (ProduceRequestView.PartitionProduceData partition in topic.PartitionData) total += partition.Records.Length;
            return total;
        }
    }

    [Fact]
    public void Read_ProduceRequest_RecordsAreSlicesOfTheFrame()
    {
        byte[] bytes = new ProduceRequest
        {
            TopicData = [new() { Name = "topic", PartitionData = [new() { Records = new RecordsData(new byte[] { 1, 2, 3 }) }] }],
        }.ToArray(9);
        var reader = new KafkaReader(bytes.AsMemory());
        foreach (ProduceRequestView.TopicProduceData topic in ProduceRequestView.Read(ref reader, 9).TopicData)
            foreach (ProduceRequestView.PartitionProduceData partition in topic.PartitionData)
                Assert.True(partition.Records.Memory.Span.Overlaps(bytes));
    }

    private static void CheckAgreement(JsonElement row, byte[] bytes)
    {
        MessageCodec codec = MessageCodec.Of(row);
        short version = MessageCodec.VersionOf(row);
        WireStruct? message = Attempt(() => (codec.Read(bytes, version, out int left), left), out int messageLeft);
        WireStruct? view = Attempt(() => (ViewCopies.Read(codec.Type, bytes, version, out int left), left), out int viewLeft);
        Assert.Equal(message is null, view is null);
        if (message is null || view is null) return;
        DropUnknown(message);
        Assert.Equal(messageLeft, viewLeft);
        Assert.Equal(Convert.ToHexString(message.ToArray(version)), Convert.ToHexString(view.ToArray(version)));
    }

    private static WireStruct? Attempt(Func<(WireStruct Message, int Left)> read, out int left)
    {
        try
        {
            (WireStruct message, left) = read();
            return message;
        }
        catch (MalformedMessageException)
        {
            left = -1;
            return null;
        }
    }

    private static void DropUnknown(WireStruct message)
    {
        message.UnknownTaggedFields = null;
        foreach (object? value in message.GetType().GetProperties().Select(property => property.GetValue(message)))
        {
            if (value is WireStruct single) DropUnknown(single);
            else if (value is IEnumerable list and not string)
                foreach (WireStruct item in list.OfType<WireStruct>()) DropUnknown(item);
        }
    }
}
