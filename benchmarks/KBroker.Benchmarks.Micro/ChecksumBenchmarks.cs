using BenchmarkDotNet.Attributes;
using KBroker.Protocol.Records;

namespace KBroker.Benchmarks.Micro;

/// <summary>The checksum of a batch, at the sizes that the load rig produces.</summary>
public class ChecksumBenchmarks
{
    private byte[] _batch = [];

    [Params(64, 16 * 1024, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _batch = new byte[Size];
        new Random(Size).NextBytes(_batch);
    }

    [Benchmark]
    public uint Crc() => Crc32C.Compute(_batch);
}
