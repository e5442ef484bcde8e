using BenchmarkDotNet.Attributes;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Benchmarks.Micro;

/// <summary>Reading and writing the messages of the produce and fetch paths.</summary>
public class CodecBenchmarks
{
    private const short ProduceVersion = 11;
    private const short FetchVersion = 12;
    private readonly byte[] _responseBuffer = new byte[64 * 1024];
    private ReadOnlyMemory<byte> _produce;
    private ReadOnlyMemory<byte> _fetch;
    private FetchResponse _fetchResponse = new();

    [Params(1, 100)]
    public int Partitions { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        int[] partitions = [.. Enumerable.Range(0, Partitions)];
        _produce = RequestFrame.Write(
            new ProduceRequest
            {
                Acks = 1,
                TopicData =
                [
                    new ProduceRequest.TopicProduceData
                    {
                        Name = "orders",
                        PartitionData =
                        [
                            .. partitions.Select(index => new ProduceRequest.PartitionProduceData
                            {
                                Index = index,
                                Records = new RecordsData(new byte[100]),
                            }),
                        ],
                    },
                ],
            },
            ProduceVersion, 1, "client");
        _fetch = RequestFrame.Write(
            new FetchRequest
            {
                MaxWaitMs = 500,
                Topics =
                [
                    new FetchRequest.FetchTopic
                    {
                        Topic = "orders",
                        Partitions = [.. partitions.Select(index => new FetchRequest.FetchPartition { Partition = index })],
                    },
                ],
            },
            FetchVersion, 1, "client");
        _fetchResponse = new FetchResponse
        {
            Responses =
            [
                new FetchResponse.FetchableTopicResponse
                {
                    Topic = "orders",
                    Partitions =
                    [
                        .. partitions.Select(index => new FetchResponse.PartitionData
                        {
                            PartitionIndex = index,
                            Records = new RecordsData(new byte[100]),
                        }),
                    ],
                },
            ],
        };
    }

    [Benchmark]
    public ProduceRequest ReadProduceRequest()
    {
        KafkaReader reader = AfterHeader(_produce);
        return ProduceRequest.Read(ref reader, ProduceVersion);
    }

    [Benchmark]
    public FetchRequest ReadFetchRequest()
    {
        KafkaReader reader = AfterHeader(_fetch);
        return FetchRequest.Read(ref reader, FetchVersion);
    }

    [Benchmark]
    public int WriteFetchResponse()
    {
        int size = ResponseFrame.GetSize(_fetchResponse, FetchVersion, out long spliced);
        ResponseFrame.Write(_responseBuffer.AsSpan(0, size), _fetchResponse, FetchVersion, 1, spliced, splices: null);
        return size;
    }

    private static KafkaReader AfterHeader(ReadOnlyMemory<byte> frame)
    {
        var reader = new KafkaReader(frame[sizeof(int)..]);
        RequestFrame.ReadHeader(ref reader);
        return reader;
    }
}
