using System.Buffers.Binary;
using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

public sealed class TransactionIndexTests
{
    private const string Name = "/d/00000000000000000100.txnindex";

    private readonly InMemoryLogFileSystem _disk = new();

    public TransactionIndexTests() => _disk.CreateDirectory("/d");

    [Fact]
    public void Append_Entries_FileIsKafkas()
    {
        TransactionIndex index = Fresh();
        Assert.False(_disk.FileExists(Name));
        Assert.True(index.Append(new(7, 90, 110, 95)));
        Assert.False(index.Append(new(8, 95, 120, 121)));
        Assert.Equal(
            [.. Short(0), .. Long(7), .. Long(90), .. Long(110), .. Long(95), .. Short(0), .. Long(8), .. Long(95), .. Long(120), .. Long(121)],
            _disk.ReadAll(Name));
    }

    [Fact]
    public void TryLoad_WrittenFile_HasItsEntries()
    {
        AbortedTransaction[] entries = [new(7, 90, 110, 95), new(8, 95, 120, 121)];
        TransactionIndex index = Fresh();
        foreach (AbortedTransaction entry in entries) index.Append(entry);
        index = Fresh();
        Assert.True(index.TryLoad(121));
        Assert.Equal(entries, index.ReadAll());
        Assert.Throws<ArgumentException>(() => index.Append(new(9, 100, 120, 121)));
        index.Append(new(9, 100, 121, 122));
        Assert.Equal(3, index.Count);
    }

    [Fact]
    public void TryLoad_NoFile_HasNoEntries()
    {
        TransactionIndex index = Fresh();
        Assert.True(index.TryLoad(100));
        Assert.Empty(index.ReadAll());
        Assert.Null(index.OpenForFlush());
    }

    [Theory]
    [InlineData("zeroed")]
    [InlineData("misaligned")]
    [InlineData("noise")]
    [InlineData("version")]
    [InlineData("foreign, lower")]
    [InlineData("foreign, higher")]
    [InlineData("unordered")]
    public void TryLoad_WrongFile_SaysSo(string damage)
    {
        TransactionIndex index = Fresh();
        for (int i = 0; i < 10; i++) index.Append(new(i, 100 + i, 110 + i, 111 + i));
        byte[] bytes = _disk.ReadAll(Name);
        byte[] noise = new byte[340];
        new Random(1).NextBytes(noise);
        byte[] version = [.. bytes];
        version[1] = 1;
        _disk.WriteAll(Name, damage switch
        {
            "zeroed" => new byte[340],
            "misaligned" => bytes[..^1],
            "noise" => noise,
            "version" => version,
            "foreign, lower" => [.. Short(0), .. Long(1), .. Long(1), .. Long(5), .. Long(6)],
            "foreign, higher" => [.. Short(0), .. Long(1), .. Long(100), .. Long(500), .. Long(501)],
            _ => [.. bytes[34..], .. bytes[..34]],
        });
        index = Fresh();
        Assert.False(index.TryLoad(120));
        Assert.Equal(0, index.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Collect_RandomEntries_FindsWhatOverlaps(int seed)
    {
        var random = new Random(seed);
        List<AbortedTransaction> entries = [];
        TransactionIndex index = Fresh();
        long marker = 100;
        for (int i = 0; i < 400; i++)
        {
            marker += random.Next(1, 5);
            entries.Add(new AbortedTransaction(random.Next(5), Math.Max(marker - random.Next(1, 40), 0), marker, 0));
        }

        // The stable offset after an entry is where the earliest of the later ones begins.
        long stable = long.MaxValue;
        for (int i = entries.Count - 1; i >= 0; i--)
        {
            entries[i] = entries[i] with { LastStableOffset = Math.Min(stable, entries[i].LastOffset + 1) };
            stable = Math.Min(stable, entries[i].FirstOffset);
        }

        foreach (AbortedTransaction entry in entries) index.Append(entry);
        for (int i = 0; i < 300; i++)
        {
            long start = random.NextInt64(50, marker + 5);
            long end = start + random.Next(0, 100);
            List<AbortedTransaction>? found = null;
            bool complete = index.Collect(start, end, ref found);
            Assert.Equal(entries.Where(entry => entry.LastOffset >= start && entry.FirstOffset < end), found ?? []);
            Assert.Equal(entries.Any(entry => entry.LastOffset >= start && entry.LastStableOffset >= end), complete);
        }
    }

    [Fact]
    public void Collect_NothingThere_MakesNoList()
    {
        List<AbortedTransaction>? found = null;
        Assert.False(Fresh().Collect(0, long.MaxValue, ref found));
        Assert.Null(found);
    }

    [Theory]
    [InlineData(100, 0)]
    [InlineData(114, 4)]
    [InlineData(115, 5)]
    [InlineData(500, 300)]
    public void TruncateTo_Offset_KeepsEarlierMarkers(long offset, int left)
    {
        TransactionIndex index = Fresh();
        for (int i = 0; i < 300; i++) index.Append(new(i, 100 + i, 110 + i, 111 + i));
        index.TruncateTo(offset);
        Assert.Equal(left, index.Count);
        Assert.Equal(left * TransactionIndex.EntrySize, _disk.ReadAll(Name).Length);
        index.Append(new(1, 100, 1000, 1001));
        Assert.Equal(left + 1, index.ReadAll().Count);
    }

    [Fact]
    public void OpenForFlush_UnflushedEntries_OnlyUntilNoted()
    {
        TransactionIndex index = Fresh();
        index.Append(new(1, 100, 110, 111));
        IndexFlush flush = index.OpenForFlush()!.Value;
        index.Append(new(1, 111, 112, 113));
        flush.File.Flush();
        flush.File.Dispose();
        index.NoteFlushed(flush.Version);
        IndexFlush later = index.OpenForFlush()!.Value;
        later.File.Dispose();
        index.NoteFlushed(later.Version);
        Assert.Null(index.OpenForFlush());
    }

    [Fact]
    public void Reset_Entries_AreGone()
    {
        TransactionIndex index = Fresh();
        index.Append(new(1, 100, 110, 111));
        index.Reset();
        Assert.False(_disk.FileExists(Name));
        Assert.True(index.Append(new(1, 100, 105, 106)));
        Assert.Single(index.ReadAll());
    }

    private TransactionIndex Fresh() => new(_disk, Name, 100);

    private static byte[] Short(short value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Long(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
