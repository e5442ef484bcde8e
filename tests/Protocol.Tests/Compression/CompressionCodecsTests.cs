using System.Buffers;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Compression.Native;

namespace KBroker.Protocol.Tests.Compression;

public sealed class CompressionCodecsTests : IDisposable
{
    private readonly CompressionCodecs _codecs = new();

    public static TheoryData<CompressionType> Types =>
        [CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    public void Dispose() => _codecs.Dispose();

    [Theory]
    [MemberData(nameof(Types))]
    public void Decompress_WhatWasCompressed_GivesItBack(CompressionType type)
    {
        var random = new Random(11);
        int[] sizes = [0, 1, 2, 60, 4095, 4096, 4097, 32_767, 32_768, 32_769, 65_536, 65_537, 300_000, 3_000_000];
        foreach (int size in sizes)
        {
            byte[] data = SampleData(random, size);
            byte[] compressed = Compress(type, data);
            using var output = new PooledBufferWriter();
            Assert.Equal(DecompressionStatus.Done, _codecs.Decompress(type, compressed, Math.Max(size, 1), output));
            Assert.True(output.WrittenSpan.SequenceEqual(data), $"{type} {size}");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Decompress_LimitOneBelowTheOutput_ReturnsLimitExceeded(CompressionType type)
    {
        byte[] data = SampleData(new Random(12), 200_000);
        byte[] compressed = Compress(type, data);
        using var output = new PooledBufferWriter();
        Assert.Equal(DecompressionStatus.LimitExceeded, _codecs.Decompress(type, compressed, data.Length - 1, output));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Decompress_EmptyInput_ReturnsCorrupt(CompressionType type)
    {
        using var output = new PooledBufferWriter();
        Assert.Equal(DecompressionStatus.Corrupt, _codecs.Decompress(type, [], 1000, output));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Decompress_CutOffInput_NeverGivesTheWhole(CompressionType type)
    {
        byte[] data = SampleData(new Random(13), 100_000);
        byte[] compressed = Compress(type, data);
        for (int cut = 0; cut < compressed.Length; cut += 1 + (compressed.Length / 100))
        {
            using var output = new PooledBufferWriter();
            DecompressionStatus status = _codecs.Decompress(type, compressed.AsSpan(0, cut), data.Length, output);
            Assert.False(status == DecompressionStatus.Done && output.WrittenCount == data.Length, $"{type} cut at {cut}");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Decompress_DamagedInput_ReturnsDeclaredStatus(CompressionType type)
    {
        var random = new Random(14);
        byte[] compressed = Compress(type, SampleData(random, 20_000));
        for (int round = 0; round < 500; round++)
        {
            byte[] damaged = [.. compressed];
            for (int i = random.Next(1, 4); i > 0; i--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            using var output = new PooledBufferWriter();
            DecompressionStatus status = _codecs.Decompress(type, damaged, 1 << 20, output);
            Assert.NotEqual(DecompressionStatus.More, status);
            Assert.True(output.WrittenCount <= 1 << 20);
        }
    }

    [Fact]
    public void Decompress_RawSnappy_IsRead()
    {
        byte[] raw = [0x0B, 0x28, .. "hello world"u8];
        using var output = new PooledBufferWriter();
        Assert.Equal(DecompressionStatus.Done, _codecs.Decompress(CompressionType.Snappy, raw, 100, output));
        Assert.Equal("hello world", System.Text.Encoding.ASCII.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Decompress_SnappyStreamsJoined_AreReadAsOne()
    {
        byte[] joined = [.. Compress(CompressionType.Snappy, "one"u8), .. Compress(CompressionType.Snappy, "two"u8)];
        using var output = new PooledBufferWriter();
        Assert.Equal(DecompressionStatus.Done, _codecs.Decompress(CompressionType.Snappy, joined, 100, output));
        Assert.Equal("onetwo", System.Text.Encoding.ASCII.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Decompress_SnappyClaimingTwoGigabytes_AllocatesNothing()
    {
        byte[] claim = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0, 0, 0];
        using var output = new PooledBufferWriter();
        long before = GC.GetAllocatedBytesForCurrentThread();
        DecompressionStatus status = _codecs.Decompress(CompressionType.Snappy, claim, int.MaxValue, output);
        Assert.Equal(DecompressionStatus.Corrupt, status);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(-1)]
    public void Compress_AtAnyLevel_IsRead(int level)
    {
        using var codecs = new CompressionCodecs(new CompressionOptions { GzipLevel = level, Lz4Level = Math.Max(level, 1), ZstdLevel = level });
        byte[] data = SampleData(new Random(15), 50_000);
        foreach (CompressionType type in new[] { CompressionType.Gzip, CompressionType.Lz4, CompressionType.Zstd })
        {
            var compressed = new ArrayBufferWriter<byte>();
            codecs.For(type).Compress(data, compressed);
            using var output = new PooledBufferWriter();
            Assert.Equal(DecompressionStatus.Done, _codecs.Decompress(type, compressed.WrittenSpan, data.Length, output));
            Assert.True(output.WrittenSpan.SequenceEqual(data));
        }
    }

    [Fact]
    public void Load_LibraryThatIsNotThere_NamesThePackage()
    {
        var name = new NativeLibraryName("libnothing", "libnothing7", ["libnothing.so.7", "libnothing.so"]);
        var missing = Assert.Throws<NativeLibraryMissingException>(() => NativeLibraryLoader.Load(name));
        Assert.Equal("libnothing7", missing.PackageName);
        Assert.Contains("libnothing7", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData((CompressionType)5)]
    [InlineData((CompressionType)7)]
    public void For_TypeWithoutCodec_Throws(CompressionType type)
    {
        Assert.Null(_codecs.Find(type));
        Assert.Throws<NotSupportedException>(() => _codecs.For(type));
    }

    private byte[] Compress(CompressionType type, ReadOnlySpan<byte> data)
    {
        var compressed = new ArrayBufferWriter<byte>();
        _codecs.For(type).Compress(data, compressed);
        return compressed.WrittenSpan.ToArray();
    }

    /// <summary>Text that repeats, with noise in between: some of it compresses.</summary>
    private static byte[] SampleData(Random random, int size)
    {
        byte[] data = new byte[size];
        for (int at = 0; at < size;)
        {
            int run = Math.Min(size - at, random.Next(1, 200));
            if (random.Next(3) == 0) random.NextBytes(data.AsSpan(at, run));
            else data.AsSpan(at, run).Fill((byte)random.Next(4));
            at += run;
        }

        return data;
    }
}
