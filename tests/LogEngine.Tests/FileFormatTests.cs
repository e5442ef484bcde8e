using System.Buffers.Binary;
using System.Text;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Tests;

/// <summary>The bytes of the files, put together here from the format's facts.</summary>
public sealed class FileFormatTests
{
    private static readonly LogConfig EveryBatch = LogConfig.Default with { IndexIntervalBytes = 0 };

    [Fact]
    public void Close_IndexedLog_FilesAreKafkas()
    {
        var rig = new LogRig(EveryBatch);
        byte[][] batches = [Batches.Make(2, timestamp: 100), Batches.Make(3, timestamp: 50), Batches.Make(1, timestamp: 300)];
        foreach (byte[] batch in batches) rig.Log.AppendAsLeader(batch, new LeaderEpoch(7));
        rig.Log.Close();
        int size = batches[0].Length;
        int second = size + batches[1].Length;
        Assert.Equal(batches.SelectMany(batch => batch), rig.Disk.ReadAll("/data/t-0/00000000000000000000.log"));
        Assert.Equal([.. Int(4), .. Int(size), .. Int(5), .. Int(second)], rig.Disk.ReadAll("/data/t-0/00000000000000000000.index"));
        Assert.Equal([.. Long(100), .. Int(1), .. Long(300), .. Int(5)], rig.Disk.ReadAll("/data/t-0/00000000000000000000.timeindex"));
        Assert.Equal("0\n1\n7 0\n", Encoding.ASCII.GetString(rig.Disk.ReadAll("/data/t-0/leader-epoch-checkpoint")));
    }

    [Fact]
    public void Append_BatchInPlace_HasOffsetAndEpochAndOldCrc()
    {
        var rig = new LogRig();
        rig.Append(5);
        byte[] batch = Batches.Make(2);
        byte[] expected = [.. Long(5), .. batch[8..12], .. Int(9), .. batch[16..]];
        rig.Log.AppendAsLeader(batch, new LeaderEpoch(9));
        Assert.Equal(expected, rig.Read(5));
    }

    [Fact]
    public void Append_LogAppendTime_StampsAndSumsAgain()
    {
        var rig = new LogRig(LogConfig.Default with { MessageTimestampType = Protocol.Records.TimestampType.LogAppendTime });
        LogAppendResult result = rig.Append(2, timestamp: 5);
        Assert.Equal(rig.Time.GetUtcNow().ToUnixTimeMilliseconds(), result.LogAppendTime);
        var header = new Protocol.Records.RecordBatchHeader(rig.Read(0)!);
        Assert.Equal(result.LogAppendTime, header.MaxTimestamp);
        Assert.True(header.IsCrcValid);
        Assert.Equal(Protocol.Records.TimestampType.LogAppendTime, header.TimestampType);
    }

    [Fact]
    public void Create_ActiveSegment_IndexesHaveTheirFullSize()
    {
        var rig = new LogRig();
        Assert.Equal(10_485_760, rig.Disk.ReadAll("/data/t-0/00000000000000000000.index").Length);
        Assert.Equal(10_485_756, rig.Disk.ReadAll("/data/t-0/00000000000000000000.timeindex").Length);
        rig.Append();
        rig.Log.Roll();
        Assert.Empty(rig.Disk.ReadAll("/data/t-0/00000000000000000000.index"));
        Assert.Equal([.. Long(1000), .. Int(0)], rig.Disk.ReadAll("/data/t-0/00000000000000000000.timeindex"));
        Assert.True(rig.Disk.FileExists("/data/t-0/00000000000000000001.log"));
    }

    [Fact]
    public void Open_LegacyMessages_AreReadAndRecovered()
    {
        var rig = new LogRig();
        rig.Log.Close();
        byte[] first = Legacy(0, 0, 0, 0);
        byte[] second = Legacy(1, 1, 1, 777);
        rig.Disk.WriteAll("/data/t-0/00000000000000000000.log", [.. first, .. second, .. new byte[9]]);
        rig.Load(clean: false, 0, 0);
        Assert.Equal(2, rig.Log.LogEndOffset);
        Assert.Equal(second, rig.Read(1));
        Assert.Equal(new TimestampOffset(777, 1, -1), rig.Log.FindOffsetByTimestamp(700));
    }

    private static byte[] Legacy(long offset, byte magic, byte fill, long timestamp)
    {
        byte[] time = magic == 0 ? [] : Long(timestamp);
        byte[] content = [magic, 0, .. time, .. Int(-1), .. Int(3), fill, fill, fill];
        return [.. Long(offset), .. Int(content.Length + 4), .. Int((int)Crc(content)), .. content];
    }

    private static uint Crc(byte[] bytes)
    {
        uint state = uint.MaxValue;
        foreach (byte b in bytes)
        {
            state ^= b;
            for (int i = 0; i < 8; i++) state = (state >> 1) ^ ((state & 1) * 0xEDB8_8320);
        }

        return ~state;
    }

    private static byte[] Int(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Long(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
