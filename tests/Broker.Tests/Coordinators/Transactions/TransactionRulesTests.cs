using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>What each request makes of each state, without a shard.</summary>
public sealed class TransactionRulesTests
{
    private const long Now = 1_000;
    private const short First = 0;
    private const short Second = 2;
    private const short Last = ProducerIdentity.LastEpoch;

    private readonly TransactionRig.CountingIds _ids = new(900);

    [Fact]
    public void Initialize_UnknownId_GetsANewProducer()
    {
        TransactionMetadata next = Next(TransactionRules.Initialize(null, "x", 5, null, _ids, Now));
        Assert.Equal(
            (new ProducerIdentity(900, 0), 900L, (short)-1, TransactionState.Empty, 5, -1L, Now),
            (next.Producer, next.PreviousProducerId, next.LastProducerEpoch, next.State, next.TimeoutMs, next.StartTimestampMs, next.LastUpdateTimestampMs));
    }

    [Fact]
    public void Initialize_UnknownIdOfAProducerThatGoesOn_GetsANewProducer() =>
        Assert.Equal(new ProducerIdentity(900, 0), Next(TransactionRules.Initialize(null, "x", 5, new ProducerIdentity(3, 7), _ids, Now)).Producer);

    [Theory]
    [InlineData(TransactionState.Empty)]
    [InlineData(TransactionState.CompleteCommit)]
    [InlineData(TransactionState.CompleteAbort)]
    public void Initialize_NoTransaction_RaisesTheEpoch(TransactionState state)
    {
        TransactionMetadata next = Next(TransactionRules.Initialize(State(state, epoch: 4, last: 3), "x", 77, null, _ids, Now));
        Assert.Equal(
            (new ProducerIdentity(1, 5), -1, TransactionState.Empty, 77, -1L), (next.Producer, next.LastProducerEpoch, next.State, next.TimeoutMs, next.StartTimestampMs));
    }

    [Theory]
    [InlineData(4, 5, 4)] // it is the present one
    [InlineData(3, 4, 3)] // the answer to its last call was lost
    public void Initialize_ProducerGoesOn_KeepsItsPlace(short expected, short epoch, short last)
    {
        TransactionMetadata next = Next(TransactionRules.Initialize(State(TransactionState.CompleteAbort, epoch: 4, last: 3), "x", 5, new ProducerIdentity(1, expected), _ids, Now));
        Assert.Equal((new ProducerIdentity(1, epoch), last, TransactionState.Empty), (next.Producer, next.LastProducerEpoch, next.State));
    }

    [Theory]
    [InlineData(1, 2)] // an epoch that is gone
    [InlineData(1, 5)] // one that was never given
    [InlineData(2, 4)] // another id
    [InlineData(8, 3)] // the id before, which was not used up
    public void Initialize_ProducerThatIsGone_IsFenced(long id, short epoch)
    {
        foreach (TransactionState state in Enum.GetValues<TransactionState>().Where(state => state <= TransactionState.CompleteAbort))
        {
            Assert.Equal(
                ErrorCode.ProducerFenced,
                TransactionRules.Initialize(State(state, epoch: 4, last: 3, previous: 8), "x", 5, new ProducerIdentity(id, epoch), _ids, Now).Error);
        }
    }

    [Fact]
    public void Initialize_SomebodyElseCameAfter_FencesTheProducerBefore() => Assert.Equal(
        ErrorCode.ProducerFenced,
        TransactionRules.Initialize(State(TransactionState.Empty, epoch: 4, last: -1), "x", 5, new ProducerIdentity(1, 3), _ids, Now).Error);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Initialize_EpochsUsedUp_ChangesTheId(bool goesOn)
    {
        TransactionMetadata current = State(TransactionState.Empty, epoch: Last, last: -1);
        TransactionMetadata next = Next(TransactionRules.Initialize(current, "x", 5, goesOn ? current.Producer : null, _ids, Now));
        Assert.Equal((new ProducerIdentity(900, 0), 1L, goesOn ? Last : (short)-1), (next.Producer, next.PreviousProducerId, next.LastProducerEpoch));
        // The answer is lost.
        TransactionDecision again = TransactionRules.Initialize(next, "x", 5, current.Producer, _ids, Now);
        if (goesOn) Assert.Equal((next.Producer, 1), (Next(again).Producer, Next(again).PreviousProducerId));
        else Assert.Equal(ErrorCode.ProducerFenced, again.Error);
    }

    [Fact]
    public void Initialize_NoProducerIdsToBeHad_AsksToTryAgain()
    {
        _ids.HasNone = true;
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, TransactionRules.Initialize(null, "x", 5, null, _ids, Now).Error);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, TransactionRules.Initialize(State(TransactionState.Empty, epoch: Last), "x", 5, null, _ids, Now).Error);
        Assert.Equal(ErrorCode.None, TransactionRules.Initialize(State(TransactionState.Empty, epoch: 3), "x", 5, null, _ids, Now).Error);
    }

    [Theory]
    [InlineData(TransactionState.PrepareCommit)]
    [InlineData(TransactionState.PrepareAbort)]
    public void Initialize_TransactionEnding_Waits(TransactionState state) =>
        Assert.Equal(ErrorCode.ConcurrentTransactions, TransactionRules.Initialize(State(state), "x", 5, null, _ids, Now).Error);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Initialize_TransactionOpen_IsAbortedAboveItsEpoch(bool goesOn)
    {
        TransactionMetadata current = State(TransactionState.Ongoing, epoch: 4, partitions: 2);
        TransactionMetadata next = Next(TransactionRules.Initialize(current, "x", 5, goesOn ? current.Producer : null, _ids, Now));
        Assert.Equal(
            (TransactionState.PrepareAbort, new ProducerIdentity(1, 5), 4, Second, 2, current.TimeoutMs),
            (next.State, next.Producer, next.LastProducerEpoch, next.ClientTransactionVersion, next.Partitions.Count, next.TimeoutMs));
    }

    [Fact]
    public void Initialize_TransactionOpenOfAnother_IsLeftAlone() => Assert.Equal(
        ErrorCode.ProducerFenced,
        TransactionRules.Initialize(State(TransactionState.Ongoing, epoch: 4, last: 3), "x", 5, new ProducerIdentity(1, 3), _ids, Now).Error);

    [Fact]
    public void Fence_EpochsUsedUp_GoesOnWithAnotherId()
    {
        TransactionMetadata fenced = Next(TransactionRules.Fence(State(TransactionState.Ongoing, epoch: Last), _ids, Now));
        Assert.Equal((new ProducerIdentity(1, short.MaxValue), 900L), (fenced.Producer, fenced.NextProducerId));
        TransactionMetadata done = TransactionRules.Complete(fenced, Now);
        Assert.Equal((TransactionState.CompleteAbort, new ProducerIdentity(900, 0), 1L, -1L), (done.State, done.Producer, done.PreviousProducerId, done.NextProducerId));
    }

    [Theory]
    [InlineData(TransactionState.Empty)]
    [InlineData(TransactionState.CompleteCommit)]
    [InlineData(TransactionState.CompleteAbort)]
    public void AddPartitions_NoTransaction_BeginsOne(TransactionState state)
    {
        TransactionMetadata current = State(state, epoch: 4, last: 3);
        TransactionMetadata next = Next(TransactionRules.AddPartitions(current, current.Producer, [TransactionRig.P(7)], Second, Now));
        Assert.Equal(
            (TransactionState.Ongoing, current.Producer, 3, Now, Second), (next.State, next.Producer, next.LastProducerEpoch, next.StartTimestampMs, next.ClientTransactionVersion));
        Assert.Equal([TransactionRig.P(7)], next.Partitions);
    }

    [Fact]
    public void AddPartitions_TransactionOpen_AddsWhatIsMissingAndKeepsItsBeginning()
    {
        TransactionMetadata current = State(TransactionState.Ongoing, partitions: 2);
        TransactionMetadata next = Next(TransactionRules.AddPartitions(current, current.Producer, [TransactionRig.P(1), TransactionRig.P(2)], First, Now));
        Assert.Equal((3, current.StartTimestampMs), (next.Partitions.Count, next.StartTimestampMs));
        Assert.Equal(TransactionDecision.Done, TransactionRules.AddPartitions(current, current.Producer, [TransactionRig.P(1)], First, Now));
    }

    [Fact]
    public void Check_WhoAsks_IsHeldToTheStateAndTheProducer()
    {
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, TransactionRules.Check(null, new ProducerIdentity(1, 4)));
        foreach (TransactionState state in Enum.GetValues<TransactionState>().Where(state => state <= TransactionState.CompleteAbort))
        {
            TransactionMetadata current = State(state, epoch: 4);
            Assert.Equal(ErrorCode.InvalidProducerIdMapping, TransactionRules.Check(current, new ProducerIdentity(2, 4)));
            Assert.Equal(ErrorCode.ProducerFenced, TransactionRules.Check(current, new ProducerIdentity(1, 3)));
            Assert.Equal(ErrorCode.ProducerFenced, TransactionRules.Check(current, new ProducerIdentity(1, 5)));
            Assert.Equal(current.IsEnding ? ErrorCode.ConcurrentTransactions : ErrorCode.None, TransactionRules.Check(current, new ProducerIdentity(1, 4)));
        }
    }

    [Fact]
    public void Check_ProducerAlreadyUsesTheIdItWasTold_WaitsForTheEnd()
    {
        TransactionMetadata ending = Next(TransactionRules.End(State(TransactionState.Ongoing, epoch: Last), new ProducerIdentity(1, Last), true, Second, _ids, Now));
        Assert.Equal(ErrorCode.ConcurrentTransactions, TransactionRules.Check(ending, new ProducerIdentity(900, 0)));
        Assert.Equal(ErrorCode.ConcurrentTransactions, TransactionRules.End(ending, new ProducerIdentity(900, 0), false, Second, _ids, Now).Error);
        Assert.Equal(ErrorCode.ProducerFenced, TransactionRules.Check(ending, new ProducerIdentity(1, Last)));
    }

    [Theory]
    [InlineData(TransactionState.Empty, true, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.Empty, false, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.PrepareCommit, true, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.PrepareCommit, false, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.PrepareAbort, true, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.PrepareAbort, false, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.CompleteCommit, true, ErrorCode.None)]
    [InlineData(TransactionState.CompleteCommit, false, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.CompleteAbort, true, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.CompleteAbort, false, ErrorCode.None)]
    public void End_FirstProtocolWithoutAnOpenTransaction_IsAnsweredByTheState(TransactionState state, bool commit, ErrorCode error)
    {
        TransactionDecision decision = TransactionRules.End(State(state, epoch: 4), new ProducerIdentity(1, 4), commit, First, _ids, Now);
        Assert.Equal((error, (TransactionMetadata?)null), (decision.Error, decision.Next));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void End_FirstProtocol_KeepsTheEpoch(bool commit)
    {
        TransactionMetadata current = State(TransactionState.Ongoing, epoch: 4, partitions: 2);
        TransactionMetadata next = Next(TransactionRules.End(current, current.Producer, commit, First, _ids, Now));
        Assert.Equal(
            (commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort, current.Producer, First, 2),
            (next.State, next.Producer, next.ClientTransactionVersion, next.Partitions.Count));
        TransactionMetadata done = TransactionRules.Complete(next, Now);
        Assert.Equal(
            (commit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort, current.Producer, 0), (done.State, done.Producer, done.Partitions.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void End_SecondProtocol_RaisesTheEpochAtOnce(bool commit)
    {
        TransactionMetadata current = State(TransactionState.Ongoing, epoch: 4, partitions: 2);
        TransactionMetadata next = Next(TransactionRules.End(current, current.Producer, commit, Second, _ids, Now));
        Assert.Equal(
            (commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort, new ProducerIdentity(1, 5), 4, Second),
            (next.State, next.Producer, next.LastProducerEpoch, next.ClientTransactionVersion));
        Assert.Equal(new ProducerIdentity(1, 5), TransactionRules.Complete(next, Now).Producer);
    }

    [Theory]
    [InlineData(First)]
    [InlineData(Second)]
    public void End_WrongProducer_IsRefusedInAnyState(short version)
    {
        foreach (TransactionState state in Enum.GetValues<TransactionState>().Where(state => state <= TransactionState.CompleteAbort))
        {
            foreach (bool commit in new[] { true, false })
            {
                TransactionMetadata current = State(state, epoch: 4);
                Assert.Equal(ErrorCode.InvalidProducerIdMapping, TransactionRules.End(current, new ProducerIdentity(2, 4), commit, version, _ids, Now).Error);
                Assert.Equal(ErrorCode.ProducerFenced, TransactionRules.End(current, new ProducerIdentity(1, 2), commit, version, _ids, Now).Error);
                Assert.Equal(ErrorCode.ProducerFenced, TransactionRules.End(current, new ProducerIdentity(1, 5), commit, version, _ids, Now).Error);
            }
        }

        Assert.Equal(ErrorCode.InvalidProducerIdMapping, TransactionRules.End(null, new ProducerIdentity(1, 4), true, version, _ids, Now).Error);
    }

    // Kafka's table of the second protocol: a repetition comes with the epoch before the present one. Null stands for another end.
    [Theory]
    [InlineData(TransactionState.Empty, false, 3, ErrorCode.ProducerFenced)]
    [InlineData(TransactionState.Empty, false, 4, null)]
    [InlineData(TransactionState.Empty, true, 3, ErrorCode.ProducerFenced)]
    [InlineData(TransactionState.Empty, true, 4, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.CompleteAbort, false, 3, ErrorCode.None)]
    [InlineData(TransactionState.CompleteAbort, false, 4, null)]
    [InlineData(TransactionState.CompleteAbort, true, 3, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.CompleteAbort, true, 4, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.CompleteCommit, false, 3, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.CompleteCommit, false, 4, null)]
    [InlineData(TransactionState.CompleteCommit, true, 3, ErrorCode.None)]
    [InlineData(TransactionState.CompleteCommit, true, 4, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.PrepareCommit, true, 3, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.PrepareCommit, false, 3, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.PrepareAbort, true, 3, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionState.PrepareAbort, false, 3, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.PrepareCommit, false, 4, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.PrepareAbort, false, 4, ErrorCode.ConcurrentTransactions)]
    [InlineData(TransactionState.Ongoing, true, 3, ErrorCode.ProducerFenced)]
    public void End_SecondProtocol_TellsRepetitionsFromTheNextEnd(TransactionState state, bool commit, short epoch, ErrorCode? error)
    {
        TransactionMetadata current = State(state, epoch: 4) with { ClientTransactionVersion = state == TransactionState.Empty ? First : Second };
        TransactionDecision decision = TransactionRules.End(current, new ProducerIdentity(1, epoch), commit, Second, _ids, Now);
        Assert.Equal(error ?? ErrorCode.None, decision.Error);
        if (error is not null)
        {
            Assert.Null(decision.Next);
            return;
        }

        // An abort of nothing raises the epoch as well.
        Assert.Equal((TransactionState.PrepareAbort, new ProducerIdentity(1, 5), Now), (decision.Next!.State, decision.Next.Producer, decision.Next.StartTimestampMs));
    }

    [Fact]
    public void End_SecondProtocolAfterAnEndOfTheFirst_IsNoRepetition() => Assert.Equal(
        ErrorCode.ProducerFenced, TransactionRules.End(State(TransactionState.CompleteCommit, epoch: 4), new ProducerIdentity(1, 3), true, Second, _ids, Now).Error);

    [Fact]
    public void End_SecondProtocolEpochsUsedUp_ChangesTheIdAndKnowsTheRepetition()
    {
        TransactionMetadata current = State(TransactionState.Ongoing, epoch: Last, partitions: 1);
        TransactionMetadata ending = Next(TransactionRules.End(current, current.Producer, true, Second, _ids, Now));
        Assert.Equal((new ProducerIdentity(1, short.MaxValue), 900L), (ending.Producer, ending.NextProducerId));
        Assert.Equal(new ProducerIdentity(900, 0), TransactionRules.Completed(ending));
        Assert.Equal(ErrorCode.ConcurrentTransactions, TransactionRules.End(ending, current.Producer, true, Second, _ids, Now).Error);
        TransactionMetadata done = TransactionRules.Complete(ending, Now);
        Assert.Equal((new ProducerIdentity(900, 0), 1L), (done.Producer, done.PreviousProducerId));
        Assert.Equal(TransactionDecision.Done, TransactionRules.End(done, current.Producer, true, Second, _ids, Now));
        Assert.Equal(ErrorCode.InvalidTxnState, TransactionRules.End(done, current.Producer, false, Second, _ids, Now).Error);
        // It may go on by initializing itself, too.
        Assert.Equal(done.Producer, Next(TransactionRules.Initialize(done, "x", 5, current.Producer, _ids, Now)).Producer);
    }

    [Fact]
    public void Follow_ClockGoesBack_TimestampsDoNot()
    {
        TransactionMetadata current = State(TransactionState.Empty);
        Assert.Equal(current.LastUpdateTimestampMs, Next(TransactionRules.Initialize(current, "x", 5, null, _ids, current.LastUpdateTimestampMs - 400)).LastUpdateTimestampMs);
    }

    private static TransactionMetadata Next(TransactionDecision decision)
    {
        Assert.Equal(ErrorCode.None, decision.Error);
        return decision.Next ?? throw new InvalidOperationException("nothing changes");
    }

    private static TransactionMetadata State(TransactionState state, short epoch = 4, short last = -1, long previous = 1, int partitions = 0) => new()
    {
        TransactionalId = "x",
        Producer = new ProducerIdentity(1, epoch),
        PreviousProducerId = previous,
        LastProducerEpoch = last,
        TimeoutMs = 60_000,
        State = state,
        Partitions = new HashSet<TopicPartition>(Enumerable.Range(0, partitions).Select(i => TransactionRig.P(i))),
        StartTimestampMs = state == TransactionState.Empty ? -1 : 500,
        LastUpdateTimestampMs = 600,
    };
}
