using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Wire;

/// <summary>No length and no count is trusted.</summary>
public sealed class KafkaReaderTests
{
    private delegate void Reading(ref KafkaReader reader);

    [Theory]
    [InlineData("7FFFFFFF")]
    [InlineData("00000001")]
    [InlineData("FFFFFFFE")]
    [InlineData("80000000")]
    public void ReadArrays_CountDoesNotFit_IsMalformed(string hex)
    {
        AssertMalformed(hex, (ref reader) => reader.ReadNullableInt8Array(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableInt16Array(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableInt32Array(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableInt64Array(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableUuidArray(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableStringArray(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableBytes(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableRecords(flexible: false));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableArray<FetchRequest.FetchTopic>(4, flexible: false));
    }

    [Theory]
    [InlineData("FFFFFFFF0F")]
    [InlineData("FFFFFFFF07")]
    [InlineData("8080808008")]
    [InlineData("02")]
    public void ReadCompactArrays_CountDoesNotFit_IsMalformed(string hex)
    {
        AssertMalformed(hex, (ref reader) => reader.ReadNullableInt8Array(flexible: true));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableInt32Array(flexible: true));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableUuidArray(flexible: true));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableStringArray(flexible: true));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableString(flexible: true));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableBytes(flexible: true));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableRecords(flexible: true));
        AssertMalformed(hex, (ref reader) => reader.ReadNullableArray<FetchRequest.FetchTopic>(12, flexible: true));
    }

    [Theory]
    [InlineData("8080808080808080808080")]
    [InlineData("808080808000")]
    [InlineData("8080808010")]
    [InlineData("80")]
    [InlineData("")]
    public void ReadUnsignedVarInt_OverlongOrCutOff_IsMalformed(string hex) =>
        AssertMalformed(hex, (ref reader) => reader.ReadUnsignedVarInt());

    [Theory]
    [InlineData("FFFE")]
    [InlineData("8000")]
    [InlineData("7FFF00")]
    public void ReadString_LengthOutOfRange_IsMalformed(string hex) =>
        AssertMalformed(hex, (ref reader) => reader.ReadNullableString(flexible: false));

    [Fact]
    public void ReadString_CompactOver32767Bytes_IsMalformed()
    {
        var bytes = new byte[40_003];
        VarInt.WriteUnsigned(bytes, 40_001);
        AssertMalformed(Convert.ToHexString(bytes), (ref reader) => reader.ReadString(flexible: true));
    }

    [Fact]
    public void ReadRequired_Null_IsMalformed()
    {
        AssertMalformed("FFFF", (ref reader) => reader.ReadString(flexible: false));
        AssertMalformed("FFFFFFFF", (ref reader) => reader.ReadBytes(flexible: false));
        AssertMalformed("FFFFFFFF", (ref reader) => reader.ReadRecords(flexible: false));
        AssertMalformed("FFFFFFFF", (ref reader) => reader.ReadInt32Array(flexible: false));
        AssertMalformed("FFFFFFFF", (ref reader) => reader.ReadArray<FetchRequest.FetchTopic>(4, flexible: false));
        AssertMalformed("00", (ref reader) => reader.ReadString(flexible: true));
        AssertMalformed("00", (ref reader) => reader.ReadStringArray(flexible: true));
    }

    [Fact]
    public void ReadString_NotUtf8_IsReplaced()
    {
        var reader = new KafkaReader(Convert.FromHexString("000361FF62"));
        Assert.Equal("a\uFFFDb", reader.ReadString(flexible: false));
    }

    [Theory]
    [InlineData("020100010100", "tags that repeat")]
    [InlineData("020200010100", "tags that descend")]
    [InlineData("01000500", "a size beyond the end")]
    [InlineData("7F0000", "a count beyond the end")]
    [InlineData("01FFFFFFFF0F00", "a tag beyond int32")]
    public void ReadTaggedFields_Malformed_IsRefused(string hex, string why)
    {
        _ = why;
        AssertMalformed(hex, (ref reader) => reader.ReadTaggedFields());
        AssertMalformed(hex, (ref reader) => reader.SkipTaggedFields());
    }

    [Fact]
    public void Read_KnownTagOfWrongSize_IsMalformed()
    {
        byte[] bytes = new FetchRequest { ClusterId = "c" }.ToArray(12);
        int tag = bytes.AsSpan().LastIndexOf((byte)'c') - 3;
        Assert.Equal([0, 2, 2, (byte)'c'], bytes[tag..]);
        bytes[tag + 1]--;
        Assert.Throws<MalformedMessageException>(() =>
        {
            var reader = new KafkaReader(bytes);
            FetchRequest.Read(ref reader, 12);
        });
    }

    [Fact]
    public void Read_HugeCount_AllocatesNothing()
    {
        byte[] bytes = Convert.FromHexString("0000000000000000000000007FFFFFFF");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MalformedMessageException>(() =>
        {
            var reader = new KafkaReader(bytes);
            FetchRequest.Read(ref reader, 0);
        });
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 * 1024);
    }

    [Fact]
    public void Read_BytesAfterTheMessage_AreLeftToTheCaller()
    {
        var reader = new KafkaReader([.. new HeartbeatRequest { GroupId = "g" }.ToArray(4), 1, 2, 3]);
        HeartbeatRequest.Read(ref reader, 4);
        Assert.Equal(3, reader.Remaining);
    }

    [Fact]
    public void Read_VersionThatDoesNotExist_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() =>
    {
        var reader = new KafkaReader(new byte[100]);
        FetchRequest.Read(ref reader, FetchRequest.HighestVersion + 1);
    });

    private static void AssertMalformed(string hex, Reading reading)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.Throws<MalformedMessageException>(() =>
        {
            var reader = new KafkaReader(bytes.AsMemory());
            reading(ref reader);
        });
    }
}
