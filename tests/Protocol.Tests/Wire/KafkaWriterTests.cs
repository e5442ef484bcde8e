using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Wire;

public sealed class KafkaWriterTests
{
    [Fact]
    public void Write_ValueInVersionWithoutTheField_IsRefused()
    {
        var request = new ProduceRequest { TransactionalId = "t" };
        Assert.Throws<MessageEncodingException>(() => request.GetSize(2));
        Assert.Throws<MessageEncodingException>(() => request.ToArray(2));
        Assert.NotEmpty(request.ToArray(3));
    }

    [Fact]
    public void Write_StructureInVersionWithoutTheField_IsRefusedUnlessDefault()
    {
        Assert.NotEmpty(new FetchRequest().ToArray(14));
        Assert.NotEmpty(new FetchRequest { ReplicaState = new() }.ToArray(14));
        Assert.Throws<MessageEncodingException>(() => new FetchRequest { ReplicaState = new() { ReplicaId = 1 } }.ToArray(14));
    }

    [Fact]
    public void Write_IgnorableValueInVersionWithoutTheField_IsDropped() =>
        Assert.Equal(new FetchRequest { RackId = "r", MaxBytes = 5 }.ToArray(2), new FetchRequest().ToArray(2));

    [Fact]
    public void Write_NullWhereThereIsNone_IsRefused()
    {
        Assert.Throws<MessageEncodingException>(() => new HeartbeatRequest { GroupId = null! }.GetSize(4));
        Assert.Throws<MessageEncodingException>(() => new MetadataRequest { Topics = null }.GetSize(0));
        Assert.NotEmpty(new MetadataRequest { Topics = null }.ToArray(1));
    }

    [Fact]
    public void Write_StringOver32767Bytes_IsRefused()
    {
        Assert.Throws<MessageEncodingException>(() => new HeartbeatRequest { GroupId = new string('é', 16_384) }.GetSize(4));
        Assert.Equal(32_766, Read(new HeartbeatRequest { GroupId = new string('é', 16_383) }.ToArray(4)).GroupId.Length * 2);

        static HeartbeatRequest Read(byte[] bytes)
        {
            var reader = new KafkaReader(bytes);
            return HeartbeatRequest.Read(ref reader, 4);
        }
    }

    [Fact]
    public void Write_UnknownTagsInVersionThatIsNotFlexible_AreRefused()
    {
        var request = new HeartbeatRequest { UnknownTaggedFields = [new RawTaggedField(5, [1])] };
        Assert.Throws<MessageEncodingException>(() => request.ToArray(3));
        Assert.NotEmpty(request.ToArray(4));
    }

    [Fact]
    public void Write_UnknownTagThatIsKnownOrOutOfOrder_IsRefused()
    {
        Assert.Throws<MessageEncodingException>(() =>
            new FetchRequest { ClusterId = "c", UnknownTaggedFields = [new(0, [])] }.ToArray(12));
        Assert.Throws<MessageEncodingException>(() =>
            new FetchRequest { UnknownTaggedFields = [new(9, []), new(8, [])] }.ToArray(12));
    }

    [Fact]
    public void ReadWrite_UnknownTagsAmongKnownOnes_AreTheSame()
    {
        var random = new Random(11);
        for (int i = 0; i < 500; i++)
        {
            short version = (short)random.Next(12, 19);
            int[] tags = [.. Enumerable.Range(0, 6).Select(_ => random.Next(2, random.Next(3, 100_000))).Distinct().Order()];
            List<RawTaggedField> unknown = [.. tags.Select(tag => new RawTaggedField(tag, Bytes(random)))];
            // In these versions tag 1 is not known yet.
            if (version < 15 && random.Next(2) == 0) unknown.Insert(0, new RawTaggedField(1, Bytes(random)));
            var request = new FetchRequest
            {
                ClusterId = random.Next(2) == 0 ? "c" : null,
                ReplicaState = version >= 15 && random.Next(2) == 0 ? new() { ReplicaId = 3, UnknownTaggedFields = unknown } : null,
                UnknownTaggedFields = unknown,
                Topics = [new() { Partitions = [new() { FetchOffset = 5, UnknownTaggedFields = [.. unknown.Where(field => field.Tag > 1)] }] }],
            };
            byte[] bytes = request.ToArray(version);
            var reader = new KafkaReader(bytes);
            FetchRequest read = FetchRequest.Read(ref reader, version);
            Assert.Equal(0, reader.Remaining);
            Assert.Equal(unknown.Select(field => field.Tag), read.UnknownTaggedFields!.Select(field => field.Tag));
            Assert.Equal(bytes, read.ToArray(version));
        }
    }

    [Fact]
    public void Write_RecordsFromASource_NotesTheirPlaceOnly()
    {
        var response = new FetchResponse
        {
            Responses =
            [
                new()
                {
                    Topic = "t",
                    Partitions = [Partition(new Source(1000)), Partition(new Source(500))],
                },
            ],
        };
        var splices = new List<RecordsSplice>();
        var bytes = new byte[ResponseFrame.GetSize(response, 11, out long spliced)];
        ResponseFrame.Write(bytes, response, 11, correlationId: 7, spliced, splices);
        Assert.Equal(1500, spliced);
        Assert.Equal([1000, 500], splices.Select(splice => splice.Source.Length));
        Assert.Throws<MessageEncodingException>(() => response.ToArray(11));

        // With the bytes put in their places it is what a client reads.
        byte[] frame = [.. bytes[..splices[0].Position], .. new byte[1000], .. bytes[splices[0].Position..splices[1].Position], .. new byte[500], .. bytes[splices[1].Position..]];
        var reader = new KafkaReader(frame.AsMemory());
        Assert.Equal(frame.Length - 4, reader.ReadInt32());
        Assert.Equal(7, ResponseFrame.ReadHeader(ref reader, ApiKey.Fetch, 11).CorrelationId);
        FetchResponse read = FetchResponse.Read(ref reader, 11);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal([1000, 500], read.Responses[0].Partitions.Select(partition => partition.Records.Length));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void Write_UnknownTag_IsWrittenBackWhateverItsNumber(int tag)
    {
        var message = new ListConfigResourcesRequest { UnknownTaggedFields = [new RawTaggedField(tag, [7])] };
        byte[] bytes = message.ToArray(ListConfigResourcesRequest.HighestVersion);

        var reader = new KafkaReader(bytes);
        ListConfigResourcesRequest read = ListConfigResourcesRequest.Read(ref reader, ListConfigResourcesRequest.HighestVersion);

        Assert.Equal(tag, Assert.Single(read.UnknownTaggedFields!).Tag);
        Assert.Equal(bytes, read.ToArray(ListConfigResourcesRequest.HighestVersion));
    }

    private static FetchResponse.PartitionData Partition(Source source) => new() { Records = new RecordsData(source) };

    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private sealed record Source(int Length) : IRecordsSource;
}
