using BenchmarkDotNet.Attributes;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Records;

namespace KBroker.Benchmarks.Micro;

/// <summary>What a producer's batch of 1 MB costs before the partition's lock: its CRC and a look at every record.</summary>
[MinColumn]
public class ValidationBenchmarks : IDisposable
{
    private const int BatchSize = 1_000_000;
    private const int Overhead = 10;
    private const long Timestamp = 1_700_000_000_000;
    private readonly CompressionCodecs _codecs = new();
    private RecordBatchValidator _validator = null!;
    private byte[] _batch = [];

    [Params(100, 1000)]
    public int RecordSize { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _validator = new RecordBatchValidator(_codecs);
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        byte[] value = new byte[RecordSize - Overhead];
        for (int i = 0; i < BatchSize / RecordSize; i++) builder.Append(Timestamp, null, value);
        _batch = builder.ToArray();
        if (!Validate()) throw new InvalidOperationException("the batch is refused");
    }

    [Benchmark]
    public bool Validate() => _validator.Validate(_batch, new RecordValidationOptions()).IsValid;

    public void Dispose()
    {
        _codecs.Dispose();
        GC.SuppressFinalize(this);
    }
}
