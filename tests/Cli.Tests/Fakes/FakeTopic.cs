using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Tests.Fakes;

/// <summary>A topic that a fake broker keeps in memory: Metadata, Produce, ListOffsets and Fetch, with errors on demand.</summary>
internal sealed class FakeTopic
{
    private readonly Lock _gate = new();
    private readonly List<byte[]>[] _batches;
    private readonly long[] _ends;

    public FakeTopic(FakeBroker broker, string name, int partitions)
    {
        Name = name;
        _batches = [.. Enumerable.Range(0, partitions).Select(_ => new List<byte[]>())];
        _ends = new long[partitions];
        broker.On<MetadataRequest>(ApiKey.Metadata, (request, _) => new MetadataResponse
        {
            Brokers = [new() { NodeId = 7, Host = broker.Endpoint.Host, Port = broker.Endpoint.Port }],
            ControllerId = 7,
            Topics = request.Topics is null || request.Topics.Any(topic => topic.Name == name)
                ? [Describe()]
                : [.. request.Topics.Select(topic => new MetadataResponse.MetadataResponseTopic
                {
                    Name = topic.Name,
                    ErrorCode = ErrorCode.UnknownTopicOrPartition,
                })],
        });
        broker.On<ProduceRequest>(ApiKey.Produce, Produce);
        broker.On<ListOffsetsRequest>(ApiKey.ListOffsets, ListOffsets);
        broker.On<FetchRequest>(ApiKey.Fetch, Fetch);
        broker.Versions[ApiKey.Produce] = (3, 13);
        broker.Versions[ApiKey.Fetch] = (4, 18);
    }

    public string Name { get; }

    public Guid Id { get; init; } = new("01020304-0506-4708-8910-111213141516");

    /// <summary>Errors for the next Produce requests.</summary>
    public Queue<ErrorCode> ProduceErrors { get; } = new();

    /// <summary>Errors for the next partitions that are fetched.</summary>
    public Queue<ErrorCode> FetchErrors { get; } = new();

    /// <summary>What to say of aborted transactions.</summary>
    public FetchResponse.AbortedTransaction[] Aborted { get; set; } = [];

    /// <summary>Whether a batch larger than max_bytes is cut, as brokers did before version 3 of Fetch.</summary>
    public bool CutsBatches { get; set; }

    public long End(int partition)
    {
        lock (_gate) return _ends[partition];
    }

    /// <summary>Stores a batch as a leader does: at the end of the partition.</summary>
    public void Append(int partition, ReadOnlySpan<byte> batch)
    {
        lock (_gate)
        {
            byte[] copy = batch.ToArray();
            var header = new RecordBatchHeader(copy);
            Assert.True(header.IsCrcValid);
            Assert.Equal(copy.Length, header.SizeInBytes);
            RecordBatchStamp.SetOffsetAndEpoch(copy, _ends[partition], partitionLeaderEpoch: 3);
            _ends[partition] += header.LastOffsetDelta + 1;
            _batches[partition].Add(copy);
        }
    }

    private MetadataResponse.MetadataResponseTopic Describe() => new()
    {
        Name = Name,
        TopicId = Id,
        Partitions = [.. Enumerable.Range(0, _ends.Length).Select(partition => new MetadataResponse.MetadataResponsePartition
        {
            PartitionIndex = partition,
            LeaderId = 7,
            LeaderEpoch = 3,
            ReplicaNodes = [7],
            IsrNodes = [7],
        })],
    };

    private ProduceResponse? Produce(ProduceRequest request, short version)
    {
        ProduceRequest.TopicProduceData topic = request.TopicData.Single();
        Assert.Equal(version >= 13 ? Id : Guid.Empty, topic.TopicId);
        lock (_gate)
        {
            ProduceErrors.TryDequeue(out ErrorCode error);
            var results = new List<ProduceResponse.PartitionProduceResponse>();
            foreach (ProduceRequest.PartitionProduceData data in topic.PartitionData)
            {
                if (error == ErrorCode.None) Append(data.Index, data.Records.Memory.Span);
                results.Add(new() { Index = data.Index, ErrorCode = error });
            }

            return request.Acks == 0
                ? null
                : new() { Responses = [new() { Name = topic.Name, TopicId = topic.TopicId, PartitionResponses = [.. results] }] };
        }
    }

    private ListOffsetsResponse ListOffsets(ListOffsetsRequest request, short version)
    {
        lock (_gate)
        {
            return new()
            {
                Topics = [.. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(item => new ListOffsetsResponse.ListOffsetsPartitionResponse
                    {
                        PartitionIndex = item.PartitionIndex,
                        Offset = item.Timestamp == -2 ? 0 : item.Timestamp == -1 ? _ends[item.PartitionIndex] : -1,
                    })],
                })],
            };
        }
    }

    private FetchResponse Fetch(FetchRequest request, short version)
    {
        FetchRequest.FetchTopic topic = request.Topics.Single();
        Assert.Equal(version >= 13 ? Id : Guid.Empty, topic.TopicId);
        lock (_gate)
        {
            return new()
            {
                Responses =
                [
                    new() { Topic = topic.Topic, TopicId = topic.TopicId, Partitions = [.. topic.Partitions.Select(Read)] },
                ],
            };
        }
    }

    private FetchResponse.PartitionData Read(FetchRequest.FetchPartition asked)
    {
        FetchErrors.TryDequeue(out ErrorCode error);
        if (error == ErrorCode.None && asked.FetchOffset > _ends[asked.Partition]) error = ErrorCode.OffsetOutOfRange;
        var data = new FetchResponse.PartitionData
        {
            PartitionIndex = asked.Partition,
            ErrorCode = error,
            HighWatermark = _ends[asked.Partition],
            AbortedTransactions = Aborted,
            Records = new RecordsData(ReadOnlyMemory<byte>.Empty),
        };
        if (error != ErrorCode.None) return data;
        var found = new List<byte>();
        foreach (byte[] batch in _batches[asked.Partition])
        {
            if (new RecordBatchHeader(batch).LastOffset < asked.FetchOffset) continue;
            if (found.Count > 0 && found.Count + batch.Length > asked.PartitionMaxBytes) break;
            found.AddRange(batch);
        }

        byte[] bytes = CutsBatches && found.Count > asked.PartitionMaxBytes ? [.. found.Take(asked.PartitionMaxBytes)] : [.. found];
        data.Records = new RecordsData(bytes);
        return data;
    }
}
