using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

public sealed class PartitionLogTests
{
    [Fact]
    public void Append_TwoBatches_OffsetsFollowEachOther()
    {
        var rig = new LogRig();
        LogAppendResult first = rig.Append(3);
        LogAppendResult second = rig.Append(2);
        Assert.Equal((AppendStatus.Appended, 0, 2), (first.Status, first.FirstOffset, first.LastOffset));
        Assert.Equal((3, 4), (second.FirstOffset, second.LastOffset));
        Assert.Equal(5, rig.Log.LogEndOffset);
    }

    [Fact]
    public void Read_OffsetWithinBatch_StartsAtBatch()
    {
        var rig = new LogRig();
        rig.Append(3);
        rig.Append(2, valueSize: 20);
        byte[] all = rig.Read(0)!;
        Assert.Equal(rig.Log.SizeInBytes, all.Length);
        Assert.Equal(all, rig.Read(2));
        byte[] second = rig.Read(4)!;
        Assert.Equal(all[^second.Length..], second);
    }

    [Fact]
    public void Read_UpperBound_NeverPassed()
    {
        var rig = new LogRig();
        rig.Append(3);
        rig.Append(2);
        int first = rig.Read(0, maxBytes: 1)!.Length;
        Assert.Equal(first, rig.Read(0, bound: 3)!.Length);
        Assert.Equal(first, rig.Read(0, bound: 4)!.Length);
        Assert.Null(rig.Read(3, bound: 3));
        Assert.Null(rig.Read(3, bound: 4));
        Assert.Null(rig.Read(4, bound: 2));
        Assert.Null(rig.Read(5));
    }

    [Fact]
    public void Read_MaxBytes_CutsUnlessFirstMustBeWhole()
    {
        var rig = new LogRig();
        rig.Append(3);
        rig.Append(2);
        int whole = rig.Read(0, maxBytes: 1)!.Length;
        Assert.Null(rig.Read(0, maxBytes: 10, minOne: false));
        Assert.Null(rig.Read(0, maxBytes: whole - 1, minOne: false));
        Assert.Equal(whole, rig.Read(0, maxBytes: whole, minOne: false)!.Length);
        Assert.Equal(whole + 5, rig.Read(0, maxBytes: whole + 5, minOne: false)!.Length);
        Assert.Equal(whole + 5, rig.Read(0, maxBytes: whole + 5)!.Length);
        Assert.Null(rig.Read(0, maxBytes: 0, minOne: false));
    }

    [Theory]
    [InlineData(-5)]
    [InlineData(4)]
    [InlineData(long.MaxValue)]
    public void Read_OutsideLog_OffsetOutOfRange(long offset)
    {
        var rig = new LogRig();
        rig.Append(3);
        LogReadResult result = rig.Log.Read(offset, 100, true, long.MaxValue);
        Assert.Equal(LogReadStatus.OffsetOutOfRange, result.Status);
        Assert.Null(result.Slice);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reopen_RolledLog_ReadsTheSame(bool clean)
    {
        var rig = new LogRig(LogConfig.Default with { SegmentBytes = 2000, IndexIntervalBytes = 200 });
        for (int i = 0; i < 100; i++) rig.Append((i % 3) + 1, valueSize: i);
        Assert.True(rig.Log.SegmentCount > 3);
        List<byte[]> before = [.. Enumerable.Range(0, (int)rig.Log.LogEndOffset).Select(offset => rig.Read(offset)!)];
        long end = rig.Log.LogEndOffset;
        if (clean) rig.ReopenClean();
        else rig.ReopenUnclean();
        Assert.Equal(end, rig.Log.LogEndOffset);
        for (int offset = 0; offset < end; offset++) Assert.Equal(before[offset], rig.Read(offset));
        Assert.Equal(end, rig.Append().FirstOffset);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    [InlineData(23)]
    public void Append_IndexThatHoldsNextToNothing_DoesNotRollEveryTime(int indexBytes)
    {
        var rig = new LogRig(LogConfig.Default with { SegmentIndexBytes = indexBytes });
        for (int i = 0; i < 10; i++) rig.Append();
        Assert.Equal(1, rig.Log.SegmentCount);
        rig.ReopenUnclean(0);
        Assert.Equal(10, rig.Log.LogEndOffset);
        Assert.NotNull(rig.Read(9));
    }
}
