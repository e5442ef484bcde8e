using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>The shard's effects: what is written when, who is told when, deadlines, loads, limits.</summary>
public sealed class TransactionShardTests
{
    private const short First = 0;
    private const short Second = 2;

    [Theory]
    [InlineData(true, First)]
    [InlineData(false, First)]
    [InlineData(true, Second)]
    [InlineData(false, Second)]
    public void End_OpenTransaction_IsWrittenToldAndCompleted(bool commit, short version)
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(version);
        TransactionRig.Granted ended = rig.End(producer, commit, version).Value;
        ProducerIdentity after = version == Second ? producer with { Epoch = 1 } : producer;
        Assert.Equal((ErrorCode.None, after), (ended.Error, ended.Producer));
        TransactionEnd told = Assert.Single(rig.Markers.Sent);
        Assert.Equal((producer.Id, after.Epoch, commit, 5, (int)version), (told.ProducerId, told.ProducerEpoch, told.Commit, told.CoordinatorEpoch, told.TransactionVersion));
        Assert.Equal([TransactionRig.P(0), TransactionRig.P(1)], told.Partitions.OrderBy(partition => partition.Partition));
        Assert.Equal(
            [
                TransactionState.Empty, TransactionState.Ongoing,
                commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort,
                commit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort,
            ],
            rig.Log.Records.Select(record => TransactionRecords.Read(record)!.Value.Metadata!.State));
        Assert.Equal(after, rig.Transaction.Producer);
    }

    [Fact]
    public void End_DecisionNotCommitted_TellsNobody()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Log.HoldsCommits = true;
        Answer<TransactionRig.Granted> ended = rig.End(producer, true, First);
        Assert.False(ended.IsThere);
        Assert.Empty(rig.Markers.Sent);
        Assert.Equal(ErrorCode.ConcurrentTransactions, rig.End(producer, true, First).Value.Error);
        rig.Log.HoldsCommits = false;
        rig.Log.Commit();
        rig.Deliver();
        Assert.Equal(ErrorCode.None, ended.Value.Error);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Fact]
    public void End_CommitTimesOut_IsAnsweredRetriablyAndCarriedOutAllTheSame()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Log.HoldsCommits = true;
        Answer<TransactionRig.Granted> ended = rig.End(producer, true, First);
        rig.Log.Commit(ErrorCode.CoordinatorNotAvailable);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, ended.Value.Error);
        Assert.Empty(rig.Markers.Sent);
        rig.Log.HoldsCommits = false;
        rig.Advance(100);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
        Assert.Equal(ErrorCode.None, rig.End(producer, true, First).Value.Error);
    }

    [Fact]
    public void End_LogRefuses_ChangesNothing()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(Second);
        rig.Log.Refusal = ErrorCode.CoordinatorNotAvailable;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, rig.End(producer, true, Second).Value.Error);
        Assert.Equal((TransactionState.Ongoing, producer), (rig.Transaction.State, rig.Transaction.Producer));
        rig.Log.Refusal = ErrorCode.None;
        Assert.Equal(ErrorCode.None, rig.End(producer, false, Second).Value.Error);
    }

    [Fact]
    public void Completion_SomePartitionsRefuse_AsksThoseAgain()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Markers.Errors[TransactionRig.P(1)] = ErrorCode.NotLeaderOrFollower;
        Assert.Equal(ErrorCode.None, rig.End(producer, true, First).Value.Error);
        Assert.Equal(TransactionState.PrepareCommit, rig.Transaction.State);
        Assert.Equal(ErrorCode.ConcurrentTransactions, rig.Add(producer, First, TransactionRig.P(2)).Value.Error);
        Assert.Equal(ErrorCode.ConcurrentTransactions, rig.Initialize().Value.Error);
        rig.Advance(5_000);
        Assert.Equal(TransactionState.PrepareCommit, rig.Transaction.State);
        Assert.InRange(rig.Markers.Sent.Count, 5, 15);
        Assert.All(rig.Markers.Sent.Skip(1), end => Assert.Equal([TransactionRig.P(1)], end.Partitions));
        rig.Markers.Errors.Clear();
        rig.Advance(1_000);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Theory]
    [InlineData(ErrorCode.InvalidProducerEpoch)]
    [InlineData(ErrorCode.TransactionCoordinatorFenced)]
    [InlineData(ErrorCode.KafkaStorageError)]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    [InlineData(ErrorCode.RequestTimedOut)]
    public void Completion_AnyRefusal_IsNeverTakenForTheEnd(ErrorCode error)
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(Second);
        rig.Markers.Errors[TransactionRig.P(0)] = error;
        rig.End(producer, true, Second);
        rig.Advance(3_600_000);
        Assert.Equal(TransactionState.PrepareCommit, rig.Transaction.State);
        rig.Markers.Errors.Clear();
        rig.Advance(2_000);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Fact]
    public void Completion_TopicIsDeleted_DoesWithoutIt()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Start();
        rig.Add(producer, First, TransactionRig.P(0), TransactionRig.P(0, "gone"));
        rig.Markers.Errors[TransactionRig.P(0, "gone")] = ErrorCode.UnknownTopicOrPartition;
        rig.End(producer, true, First);
        Assert.Equal(TransactionState.PrepareCommit, rig.Transaction.State);
        rig.DeletedTopics.Add("gone");
        rig.Advance(100);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Fact]
    public void Completion_AnswerIsLost_AsksAgain()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Markers.Holds = true;
        rig.End(producer, true, First);
        rig.Markers.Holds = false;
        rig.Advance(29_000);
        Assert.Equal(TransactionState.PrepareCommit, rig.Transaction.State);
        rig.Advance(2_000);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Fact]
    public void Completion_LateAnswers_CountForTheirOwnDecisionOnly()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Markers.Holds = true;
        rig.End(producer, true, First);
        (TransactionEnd end, Action<IReadOnlyList<ErrorCode>> lateDone) = rig.Markers.Held.Dequeue();
        rig.Markers.Holds = false;
        rig.Advance(40_000);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
        rig.Add(producer, First, TransactionRig.P(0));
        rig.Markers.Holds = true;
        rig.End(producer, false, First);
        lateDone(rig.Markers.Answers(end));
        rig.Deliver();
        Assert.Equal(TransactionState.PrepareAbort, rig.Transaction.State);
        int records = rig.Log.Records.Count;
        rig.Move();
        (end, Action<IReadOnlyList<ErrorCode>> oldDone) = rig.Markers.Held.Dequeue();
        oldDone(rig.Markers.Answers(end));
        rig.Deliver();
        Assert.Equal((TransactionState.PrepareAbort, records), (rig.Transaction.State, rig.Log.Records.Count));
    }

    [Fact]
    public void Completion_LateConfirmationOfTheSameDecision_Counts()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Markers.Holds = true;
        rig.End(producer, true, First);
        rig.Advance(31_000);
        Assert.Equal(2, rig.Markers.Held.Count);
        (TransactionEnd end, Action<IReadOnlyList<ErrorCode>> lateDone) = rig.Markers.Held.Dequeue();
        lateDone(rig.Markers.Answers(end));
        rig.Deliver();
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
        (end, lateDone) = rig.Markers.Held.Dequeue();
        lateDone(rig.Markers.Answers(end));
        rig.Deliver();
        Assert.Single(rig.Log.Records, record => TransactionRecords.Read(record)!.Value.Metadata!.State == TransactionState.CompleteCommit);
    }

    [Fact]
    public void Completion_LogRefusesIt_IsWrittenLater()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Markers.Holds = true;
        rig.End(producer, true, First);
        rig.Log.Refusal = ErrorCode.CoordinatorNotAvailable;
        (TransactionEnd end, Action<IReadOnlyList<ErrorCode>> done) = rig.Markers.Held.Dequeue();
        done(rig.Markers.Answers(end));
        rig.Advance(5_000);
        Assert.Equal(TransactionState.PrepareCommit, rig.Transaction.State);
        rig.Log.Refusal = ErrorCode.None;
        rig.Advance(1_000);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
        Assert.Empty(rig.Markers.Held);
    }

    [Theory]
    [InlineData(true, First)]
    [InlineData(false, Second)]
    public void Move_WhileATransactionEnds_TheNextCoordinatorEndsIt(bool commit, short version)
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(version);
        rig.Markers.Holds = true;
        rig.End(producer, commit, version);
        rig.Markers.Holds = false;
        rig.Move();
        Assert.Equal(commit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort, rig.Transaction.State);
        Assert.Equal([5, 6], rig.Markers.Sent.Select(end => end.CoordinatorEpoch));
        Assert.All(rig.Markers.Sent, end => Assert.Equal((commit, producer.Id, 2), (end.Commit, end.ProducerId, end.Partitions.Count)));
        Assert.Equal(rig.Markers.Sent[0].ProducerEpoch, rig.Markers.Sent[1].ProducerEpoch);
    }

    [Fact]
    public void Move_DecisionLoadedButNotCommitted_WaitsForItsCommit()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Markers.Holds = true;
        rig.End(producer, true, First);
        var log = new MemoryCoordinatorLog { HoldsCommits = true };
        var markers = new TransactionRig.ScriptedMarkers();
        var shard = new TransactionShard(
            new CoordinatorTerm(log, new CoordinatorTimers(), new LeaderEpoch(9), static work => work()),
            new TransactionServices(
                markers, rig.Ids, rig.Budget, () => rig.Config, () => rig.WallClockMs, static _ => true, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance));
        foreach (CoordinatorRecord record in rig.Log.Records) shard.Replay(record, -1);
        shard.Start();
        Assert.Empty(markers.Sent);
        log.HoldsCommits = false;
        log.Commit();
        Assert.Single(markers.Sent);
    }

    [Fact]
    public void Timeout_OpenForTooLong_IsFencedAndAborted()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Advance(59_000);
        rig.Add(producer, First, TransactionRig.P(2));
        Assert.Equal(TransactionState.Ongoing, rig.Transaction.State);
        rig.Advance(11_001);
        Assert.Equal((TransactionState.CompleteAbort, producer with { Epoch = 1 }), (rig.Transaction.State, rig.Transaction.Producer));
        TransactionEnd told = Assert.Single(rig.Markers.Sent);
        Assert.Equal((false, (short)1, 3), (told.Commit, told.ProducerEpoch, told.Partitions.Count));
        Assert.Equal(ErrorCode.ProducerFenced, rig.End(producer, true, First).Value.Error);
        Assert.Equal(ErrorCode.ProducerFenced, rig.Add(producer, First, TransactionRig.P(0)).Value.Error);
        // Its producer may go on by initializing itself: nobody came after it (KIP-588).
        Assert.Equal(producer with { Epoch = 1 }, rig.Initialize(producer).Value.Producer);
    }

    [Fact]
    public void Timeout_ClockJumps_AbortsNothing()
    {
        var rig = new TransactionRig();
        rig.Open(First);
        rig.WallClockMs += 3_600_000;
        rig.Advance(30_000);
        Assert.Equal(TransactionState.Ongoing, rig.Transaction.State);
        rig.WallClockMs -= 7_200_000;
        rig.Advance(50_000);
        Assert.Equal(TransactionState.CompleteAbort, rig.Transaction.State);
    }

    [Fact]
    public void Timeout_CoordinatorMoved_GoesOnFromTheBeginningOfTheTransaction()
    {
        var rig = new TransactionRig();
        rig.Open(First);
        rig.Move(pauseMs: 45_000);
        rig.Advance(9_000);
        Assert.Equal(TransactionState.Ongoing, rig.Transaction.State);
        rig.Advance(12_000);
        Assert.Equal(TransactionState.CompleteAbort, rig.Transaction.State);
    }

    [Fact]
    public void Timeout_LogRefuses_IsTriedAgain()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Log.Refusal = ErrorCode.CoordinatorNotAvailable;
        rig.Advance(100_000);
        Assert.Equal((TransactionState.Ongoing, producer), (rig.Transaction.State, rig.Transaction.Producer));
        rig.Log.Refusal = ErrorCode.None;
        rig.Advance(10_000);
        Assert.Equal((TransactionState.CompleteAbort, producer with { Epoch = 1 }), (rig.Transaction.State, rig.Transaction.Producer));
    }

    [Fact]
    public void Initialize_OpenTransaction_IsAbortedFirst()
    {
        var rig = new TransactionRig();
        ProducerIdentity old = rig.Open(Second);
        Assert.Equal(ErrorCode.ConcurrentTransactions, rig.Initialize().Value.Error);
        Assert.Equal(TransactionState.CompleteAbort, rig.Transaction.State);
        ProducerIdentity heir = rig.Start();
        Assert.Equal(old with { Epoch = 2 }, heir);
        Assert.Equal(ErrorCode.ProducerFenced, rig.End(old, true, Second).Value.Error);
        Assert.Equal(ErrorCode.ProducerFenced, rig.End(old, false, Second).Value.Error);
    }

    [Fact]
    public void Initialize_AgainAndAgain_ChangesTheIdWhenTheEpochsAreUsedUp()
    {
        var rig = new TransactionRig();
        var seen = new HashSet<ProducerIdentity>();
        for (int i = 0; i < 70_000; i++) Assert.True(seen.Add(rig.Start()));
        Assert.Equal([100, 101, 102], seen.Select(producer => producer.Id).Distinct());
        Assert.DoesNotContain(seen, producer => producer.Epoch == short.MaxValue);
    }

    [Fact]
    public void End_SecondProtocolWithoutPartitions_RaisesTheEpochAndTellsNobody()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Start();
        Assert.Equal(producer with { Epoch = 1 }, rig.End(producer, false, Second).Value.Producer);
        Assert.Equal((TransactionState.CompleteAbort, 0), (rig.Transaction.State, rig.Markers.Sent.Count));
    }

    [Fact]
    public void Verify_PartitionsOfTheTransaction_ToldFromTheOthers()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        Assert.Equal([ErrorCode.None, ErrorCode.TransactionAbortable], rig.Verify(producer, TransactionRig.P(1), TransactionRig.P(2)));
        Assert.Equal([ErrorCode.ProducerFenced], rig.Verify(producer with { Epoch = 3 }, TransactionRig.P(1)));
        Assert.Equal([ErrorCode.InvalidProducerIdMapping], rig.Verify(producer with { Id = 3 }, TransactionRig.P(1)));
        rig.Markers.Holds = true;
        rig.End(producer, true, First);
        Assert.Equal([ErrorCode.ConcurrentTransactions], rig.Verify(producer, TransactionRig.P(1)));
    }

    [Fact]
    public void Expiry_IdThatNobodyUses_IsForgotten()
    {
        var rig = new TransactionRig(new TransactionConfig { IdExpirationMs = 5 * 3_600_000 });
        ProducerIdentity producer = rig.Start();
        rig.Start("other");
        rig.Advance(3 * 3_600_000);
        rig.AddTo("other", rig.Get("other").Producer, First, TransactionRig.P(0));
        rig.Log.Refusal = ErrorCode.CoordinatorNotAvailable;
        rig.Advance(3 * 3_600_000);
        Assert.True(rig.Shard.TryGet(TransactionRig.Id, out _));
        rig.Log.Refusal = ErrorCode.None;
        rig.Advance(3_600_000);
        Assert.False(rig.Shard.TryGet(TransactionRig.Id, out _));
        Assert.True(rig.Shard.TryGet("other", out _));
        Assert.Single(rig.Log.Records, record => record.Value is null);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, rig.Add(producer, First, TransactionRig.P(0)).Value.Error);
        rig.Move();
        Assert.False(rig.Shard.TryGet(TransactionRig.Id, out _));
        Assert.NotEqual(producer.Id, rig.Start().Id);
    }

    [Fact]
    public void Expiry_LongIds_AreForgottenInBatchesThatFitTheLog()
    {
        var rig = new TransactionRig(new TransactionConfig { IdExpirationMs = 5 * 3_600_000 });
        for (int i = 0; i < 100; i++) rig.Start($"{i}-{new string('x', 32_000)}");
        rig.Start("short");
        rig.Advance(7 * 3_600_000);
        Assert.Empty(rig.Shard.Transactions);
        rig.Move();
        Assert.Empty(rig.Shard.Transactions);
    }

    [Fact]
    public void Expiry_ClockJumps_ForgetsNothing()
    {
        var rig = new TransactionRig(new TransactionConfig { IdExpirationMs = 5 * 3_600_000 });
        rig.Start();
        rig.WallClockMs += 100L * 24 * 3_600_000;
        rig.Advance(2 * 3_600_000);
        Assert.True(rig.Shard.TryGet(TransactionRig.Id, out _));
    }

    [Fact]
    public void Limits_MemoryIsUsedUp_RefusesNewIdsBeforeTheTransactionsOfKnownOnes()
    {
        var rig = new TransactionRig(new TransactionConfig { MaxBytes = 100_000 });
        ProducerIdentity producer = rig.Start();
        int ids = 0;
        while (rig.Initialize(id: $"id-{ids}").Value.Error == ErrorCode.None) ids++;
        Assert.InRange(ids, 50, 150);
        Assert.Equal(ErrorCode.PolicyViolation, rig.Initialize(id: "one-more").Value.Error);
        Assert.Equal(ErrorCode.None, rig.Initialize(id: "id-0").Value.Error);
        int partitions = 0;
        while (rig.Add(producer, First, TransactionRig.P(partitions)).Value.Error == ErrorCode.None) partitions++;
        Assert.InRange(partitions, 100, 1_000);
        Assert.Equal(ErrorCode.None, rig.End(producer, true, First).Value.Error);
        Assert.Equal(ErrorCode.None, rig.Add(producer, First, TransactionRig.P(0)).Value.Error);
        long used = rig.Budget.Used;
        rig.Move();
        Assert.Equal(used, rig.Budget.Used);
        rig.Shard.End(ErrorCode.NotCoordinator);
        Assert.Equal(0, rig.Budget.Used);
    }

    [Fact]
    public void Limits_PartitionsOfOneTransaction_AreBoundedByNumberAndBytes()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Start();
        TopicPartition[] many = [.. Enumerable.Range(0, TransactionShard.MaxPartitions).Select(i => TransactionRig.P(i))];
        Assert.Equal(ErrorCode.None, rig.Add(producer, First, many).Value.Error);
        Assert.Equal(ErrorCode.PolicyViolation, rig.Add(producer, First, TransactionRig.P(many.Length)).Value.Error);
        Assert.Equal(ErrorCode.None, rig.End(producer, true, First).Value.Error);
        TopicPartition[] longNames = [.. Enumerable.Range(0, 5_000).Select(i => TransactionRig.P(0, new string('n', 200) + i))];
        Assert.Equal(ErrorCode.PolicyViolation, rig.Add(producer, First, longNames).Value.Error);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Fact]
    public void End_OfFewPartitions_IsToldOnTheLoop()
    {
        TransactionRig rig = Ended(64);
        Assert.Equal((0, TransactionState.CompleteCommit), (rig.Long.Count, rig.Transaction.State));
    }

    [Fact]
    public void End_OfManyPartitions_IsToldOutsideOfTheLoopAndNotAgainUntilThatEnds()
    {
        TransactionRig rig = Ended(65);
        rig.Advance(95_000);
        Assert.Empty(rig.Markers.Sent);
        Action tell = Assert.Single(rig.Long);
        tell();
        rig.Deliver();
        Assert.Equal(65, Assert.Single(rig.Markers.Sent).Partitions.Count);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Fact]
    public void End_ConfirmedWhileItIsToldAgain_IsCompletedWhenTheTellingHasEnded()
    {
        TransactionRig rig = Ended(65);
        rig.Markers.Holds = true;
        rig.Long.Dequeue()();
        rig.Deliver();
        rig.Advance(30_000);
        Action again = Assert.Single(rig.Long);
        (TransactionEnd end, Action<IReadOnlyList<ErrorCode>> done) = rig.Markers.Held.Dequeue();
        done(rig.Markers.Answers(end));
        rig.Deliver();
        // A marker of the first protocol that is still to be appended would end the next transaction.
        Assert.Equal(TransactionState.PrepareCommit, rig.Transaction.State);
        again();
        rig.Deliver();
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
    }

    [Fact]
    public void Replay_TransactionsOfOneTopic_ShareItsName()
    {
        var rig = new TransactionRig();
        foreach (string id in new[] { "a", "b" })
        {
            ProducerIdentity producer = rig.Start(id);
            Assert.Equal(ErrorCode.None, rig.AddTo(id, producer, First, TransactionRig.P(0)).Value.Error);
        }

        rig.Move();
        Assert.Same(rig.Get("a").Partitions.Single().Topic, rig.Get("b").Partitions.Single().Topic);
    }

    [Fact]
    public void End_OfTheTerm_AnswersWhoWaits()
    {
        var rig = new TransactionRig();
        ProducerIdentity producer = rig.Open(First);
        rig.Log.HoldsCommits = true;
        Answer<TransactionRig.Granted> ended = rig.End(producer, true, First);
        rig.Move();
        Assert.Equal(ErrorCode.NotCoordinator, ended.Value.Error);
        Assert.Equal(TransactionState.CompleteCommit, rig.Transaction.State);
        Assert.Equal(ErrorCode.None, rig.End(producer, true, First).Value.Error);
    }

    /// <summary>A transaction over some partitions whose commit is decided, with the long work held back.</summary>
    private static TransactionRig Ended(int partitions)
    {
        var rig = new TransactionRig { HoldsLong = true };
        ProducerIdentity producer = rig.Start();
        Assert.Equal(ErrorCode.None, rig.Add(producer, First, [.. Enumerable.Range(0, partitions).Select(i => TransactionRig.P(i))]).Value.Error);
        Assert.Equal(ErrorCode.None, rig.End(producer, true, First).Value.Error);
        return rig;
    }
}
