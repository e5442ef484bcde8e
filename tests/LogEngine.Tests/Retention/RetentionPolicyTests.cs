using KBroker.LogEngine.Retention;

namespace KBroker.LogEngine.Tests.Retention;

public sealed class RetentionPolicyTests
{
    private const long Now = 1_000_000;

    [Fact]
    public void Decide_RandomLogs_EqualsDeletingOneByOne()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            Case one = Case.Make(new Random(seed));
            int asked = -1;
            RetentionDecision decision = RetentionPolicy.Decide(one.Input, i =>
            {
                asked = Math.Max(asked, i);
                return one.Newest[i];
            });
            Assert.True((one.NaiveCount(), one.NaiveStart()) == (decision.Count, decision.LogStartOffset), $"seed {seed}: {decision}");
            Assert.True(decision.LogStartOffset <= Math.Max(one.Input.CommittedEnd, one.Input.LogStartOffset), $"seed {seed}: beyond the committed end");
            Assert.True(asked <= decision.Count, $"seed {seed}: read further than needed");
        }
    }

    [Theory]
    [InlineData(-1, -1, 0, 0)] // no limit
    [InlineData(500, -1, 2, 20)] // the third is just 500 old
    [InlineData(0, -1, 4, 35)] // all, the active one included
    [InlineData(-1, 250, 1, 10)] // without the first there are 300 left, without the second less than 250
    [InlineData(-1, 0, 4, 35)]
    [InlineData(500, 150, 2, 20)]
    public void Decide_Limits_AsKafka(long retentionMs, long retentionBytes, int count, long start)
    {
        RetentionDecision decision = Decide(new LogConfig { RetentionMs = retentionMs, RetentionBytes = retentionBytes }, committed: 35);
        Assert.Equal((count, start), (decision.Count, decision.LogStartOffset));
    }

    [Fact]
    public void Decide_NotCommitted_Stays()
    {
        RetentionDecision decision = Decide(new LogConfig { RetentionMs = 0 }, committed: 19);
        Assert.Equal((1, 10), (decision.Count, decision.LogStartOffset));
    }

    [Fact]
    public void Decide_OnlyCompacted_OnlyWhatLiesBelowTheStartGoes()
    {
        RetentionDecision decision = Decide(new LogConfig { Delete = false, Compact = true, RetentionMs = 0, RetentionBytes = 0 }, committed: 35, start: 25);
        Assert.Equal((2, 0, 0, 25), (decision.BelowStart, decision.BySize, decision.ByTime, decision.LogStartOffset));
    }

    [Theory]
    [InlineData(Now + 1)]
    [InlineData(long.MaxValue)]
    public void Decide_NewestRecordInTheFuture_KeepsItAndAllBehind(long future)
    {
        RetentionDecision decision = Decide(new LogConfig { RetentionMs = 1 }, committed: 35, newest: [1, future, 1, 1]);
        Assert.Equal((1, 10), (decision.Count, decision.LogStartOffset));
    }

    [Fact]
    public void Decide_EmptyLog_StaysAsItIs()
    {
        var input = new RetentionInput([new RetainedSegment(7, 0)], 7, 7, 7, new LogConfig { RetentionMs = 0, RetentionBytes = 0 }, Now);
        Assert.Equal(default(RetentionDecision) with { LogStartOffset = 7 }, RetentionPolicy.Decide(input, _ => 0));
    }

    private static RetentionDecision Decide(LogConfig config, long committed, long start = 0, long[]? newest = null)
    {
        newest ??= [Now - 700, Now - 600, Now - 500, Now - 400];
        var input = new RetentionInput([new(0, 100), new(10, 100), new(20, 100), new(30, 100)], start, 35, committed, config, Now);
        return RetentionPolicy.Decide(input, i => newest[i]);
    }

    private sealed record Case(RetentionInput Input, long[] Newest)
    {
        public static Case Make(Random random)
        {
            int count = random.Next(1, 7);
            var segments = new List<RetainedSegment>();
            long offset = random.Next(20);
            long first = offset;
            for (int i = 0; i < count; i++)
            {
                bool empty = random.Next(6) == 0;
                segments.Add(new RetainedSegment(offset, empty ? 0 : random.Next(1, 50)));
                offset += empty && i == count - 1 ? 0 : random.Next(1, 10);
            }

            var config = new LogConfig
            {
                RetentionMs = random.Next(4) == 0 ? -1 : random.Next(100),
                RetentionBytes = random.Next(3) == 0 ? -1 : random.Next(200),
                Delete = random.Next(5) > 0,
            };
            long start = random.NextInt64(first, offset + 1);
            long[] newest = [.. segments.Select(_ => Now - random.Next(-20, 120))];
            return new Case(new RetentionInput(segments, start, offset, random.NextInt64(start, offset + 1), config, Now), newest);
        }

        public int NaiveCount() => Input.Segments.Count - Left().Count;

        public long NaiveStart() => Math.Max(Input.LogStartOffset, Left() is [var index, ..] ? Input.Segments[index].BaseOffset : Input.LogEndOffset);

        private List<int> Left()
        {
            List<int> left = [.. Enumerable.Range(0, Input.Segments.Count)];
            DeleteWhile(left, i => i + 1 < Input.Segments.Count && Input.Segments[i + 1].BaseOffset <= Input.LogStartOffset);
            if (!Input.Config.Delete) return left;
            long size = left.Sum(i => (long)Input.Segments[i].Size);
            if (Input.Config.RetentionBytes >= 0)
            {
                DeleteWhile(left, i =>
                {
                    if (size - Input.Segments[i].Size < Input.Config.RetentionBytes) return false;
                    size -= Input.Segments[i].Size;
                    return true;
                });
            }

            if (Input.Config.RetentionMs >= 0) DeleteWhile(left, i => Now - Newest[i] > Input.Config.RetentionMs);
            return left;
        }

        private void DeleteWhile(List<int> left, Func<int, bool> mayGo)
        {
            while (left is [var first, ..])
            {
                bool last = first + 1 == Input.Segments.Count;
                long end = last ? Input.LogEndOffset : Input.Segments[first + 1].BaseOffset;
                if (end > Input.CommittedEnd || (last && Input.Segments[first].Size == 0) || !mayGo(first)) return;
                left.RemoveAt(0);
            }
        }
    }
}
