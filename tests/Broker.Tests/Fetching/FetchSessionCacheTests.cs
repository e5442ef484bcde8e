using KBroker.Broker.Fetching;
using KBroker.Protocol;

namespace KBroker.Broker.Tests.Fetching;

public sealed class FetchSessionCacheTests
{
    private readonly ManualTime _time = new();
    private readonly FetchSessionCache _cache;

    public FetchSessionCacheTests() => _cache = new FetchSessionCache(maxSessions: 3, _time, new Random(7));

    [Fact]
    public void Open_FullRequest_MakesSessionThatTheNextRequestContinues()
    {
        int id = CreateSession("a", "b");

        FetchContext next = Open(id, epoch: 1, []);

        Assert.Equal(ErrorCode.None, next.Error);
        Assert.Equal(["a", "b"], Names(next));
    }

    [Fact]
    public void Complete_NothingNew_OmitsEveryPartition()
    {
        int id = CreateSession("a", "b");
        FetchContext next = Open(id, epoch: 1, []);
        FetchPartitionOutcome[] results = [NoData(hw: 10), NoData(hw: 10)];

        FetchAnswer answer = next.Complete(results);

        Assert.Equal(new FetchAnswer(id, ErrorCode.None), answer);
        Assert.All(results, r => Assert.True(r.Omitted));
    }

    [Theory]
    [InlineData("high watermark")]
    [InlineData("log start")]
    [InlineData("records")]
    [InlineData("error")]
    [InlineData("must send")]
    public void Complete_News_IsSent(string news)
    {
        int id = CreateSession("a", "b");
        FetchPartitionOutcome changed = news switch
        {
            "high watermark" => NoData(hw: 11),
            "log start" => NoData(hw: 10) with { LogStartOffset = 3 },
            "records" => NoData(hw: 10) with { RecordBytes = 61 },
            "error" => NoData(hw: 10) with { Error = ErrorCode.NotLeaderOrFollower },
            _ => NoData(hw: 10) with { MustSend = true },
        };
        FetchPartitionOutcome[] results = [NoData(hw: 10), changed];

        Open(id, epoch: 1, []).Complete(results);

        Assert.True(results[0].Omitted);
        Assert.False(results[1].Omitted);
    }

    [Fact]
    public void Complete_AfterAnError_SendsThePartitionAgain()
    {
        int id = CreateSession("a");
        Open(id, epoch: 1, []).Complete([NoData(hw: 10) with { Error = ErrorCode.KafkaStorageError }]);
        FetchPartitionOutcome[] results = [NoData(hw: 10)];

        Open(id, epoch: 2, []).Complete(results);

        Assert.False(results[0].Omitted);
    }

    [Fact]
    public void Complete_PartitionThatGaveData_IsReadLastNextTime()
    {
        int id = CreateSession("a", "b", "c");
        Open(id, epoch: 1, []).Complete([NoData(hw: 12) with { RecordBytes = 100 }, NoData(hw: 10), NoData(hw: 10)]);

        Assert.Equal(["b", "c", "a"], Names(Open(id, epoch: 2, [])));
    }

    [Fact]
    public void Open_WrongEpoch_IsRefusedAndLeavesTheSession()
    {
        int id = CreateSession("a");

        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, Open(id, epoch: 5, []).Error);
        Assert.Equal(ErrorCode.None, Open(id, epoch: 1, []).Error);
    }

    [Fact]
    public void Complete_SessionMovedOnMeanwhile_IsRefused()
    {
        int id = CreateSession("a");
        FetchContext slow = Open(id, epoch: 1, []);
        Open(id, epoch: 2, []);

        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, slow.Complete([NoData(hw: 10)]).Error);
    }

    [Fact]
    public void Open_UnknownSession_IsNotFound() =>
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Open(12345, epoch: 1, []).Error);

    [Fact]
    public void Open_NamesInsteadOfIds_IsATopicIdError()
    {
        int id = CreateSession("a");
        var metadata = new FetchRequestMetadata(id, 1);

        Assert.Equal(ErrorCode.FetchSessionTopicIdError, _cache.Open(metadata, [], [], usesTopicIds: true, isFollower: false).Error);
    }

    [Fact]
    public void Open_FinalEpoch_EndsTheSession()
    {
        int id = CreateSession("a");

        FetchContext last = Open(id, FetchRequestMetadata.FinalEpoch, [Wanted("a")]);

        Assert.Equal(new FetchAnswer(0, ErrorCode.None), last.Complete([NoData(hw: 10)]));
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public void Open_ForgettingEveryPartition_EndsTheSession()
    {
        int id = CreateSession("a");

        FetchContext context = _cache.Open(new(id, 1), [], [new(Guid.Empty, "a", 0)], usesTopicIds: false, isFollower: false);

        Assert.Empty(context.Partitions);
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public void Open_ChangedOffset_IsWhatIsReadNext()
    {
        int id = CreateSession("a");

        FetchContext next = Open(id, epoch: 1, [Wanted("a", offset: 42)]);

        Assert.Equal(42, Assert.Single(next.Partitions).FetchOffset);
    }

    [Fact]
    public void Complete_FullCacheOfFreshSessions_ServesWithoutSession()
    {
        for (int i = 0; i < 3; i++) Assert.NotEqual(0, CreateSession("a"));

        Assert.Equal(0, CreateSession("a"));
        Assert.Equal(3, _cache.Count);
    }

    [Fact]
    public void Complete_FullCacheWithAStaleSession_EvictsTheStalest()
    {
        int stale = CreateSession("a");
        int[] used = [CreateSession("a"), CreateSession("a")];
        _time.Advance(FetchSessionCache.EvictionAge + TimeSpan.FromSeconds(1));
        foreach (int id in used) Open(id, epoch: 1, []);

        Assert.NotEqual(0, CreateSession("a"));
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, Open(stale, epoch: 1, []).Error);
    }

    [Fact]
    public void Complete_FollowerNeedsASession_TakesAConsumersPlace()
    {
        for (int i = 0; i < 3; i++) CreateSession("a");

        Assert.NotEqual(0, CreateSession(isFollower: true, "a"));
        Assert.Equal(3, _cache.Count);
    }

    [Fact]
    public void Complete_MorePartitionsThanMayBeRemembered_ServesWithoutSession()
    {
        FetchPartition[] wanted = [.. Enumerable.Range(0, FetchSessionCache.MaxPartitions + 1).Select(i => new FetchPartition(new(Guid.Empty, "a", i)))];
        FetchContext context = _cache.Open(new(0, 0), wanted, [], usesTopicIds: false, isFollower: false);

        Assert.Equal(0, context.Complete(new FetchPartitionOutcome[wanted.Length]).SessionId);
        Assert.NotEqual(0, CreateSession("a"));
    }

    private int CreateSession(params string[] topics) => CreateSession(isFollower: false, topics);

    private int CreateSession(bool isFollower, params string[] topics)
    {
        FetchPartition[] wanted = [.. topics.Select(t => Wanted(t))];
        FetchContext context = _cache.Open(new(0, 0), wanted, [], usesTopicIds: false, isFollower);
        return context.Complete([.. topics.Select(_ => NoData(hw: 10))]).SessionId;
    }

    private FetchContext Open(int id, int epoch, FetchPartition[] wanted) =>
        _cache.Open(new(id, epoch), wanted, [], usesTopicIds: false, isFollower: false);

    private static FetchPartition Wanted(string topic, long offset = 10) =>
        new(new(Guid.Empty, topic, 0)) { FetchOffset = offset, MaxBytes = 1024 };

    private static FetchPartitionOutcome NoData(long hw) => new(ErrorCode.None, hw, 0, 0, MustSend: false);

    private static IEnumerable<string?> Names(FetchContext context) => context.Partitions.Select(p => p.Key.Topic);

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
