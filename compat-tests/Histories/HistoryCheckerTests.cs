namespace KBroker.Compat.Tests.Histories;

/// <summary>What the checker of histories lets pass, and what it refuses.</summary>
public sealed class HistoryCheckerTests
{
    private static readonly Place Left = new("t", 0);
    private static readonly Place Right = new("t", 1);

    [Fact]
    public void CommittedAreThereAndAbortedAreNot_NothingIsFound()
    {
        TransactionRecord[] transactions =
        [
            Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a"), (Right, "b")),
            Of("p", 2, TransactionOutcome.Aborted, TransactionRecord.Never, (Left, "c")),
            Of("p", 3, TransactionOutcome.Unknown, 30, (Left, "d"), (Right, "e")),
            Of("q", 1, TransactionOutcome.Unknown, 30, (Left, "f"), (Right, "g")),
        ];
        Observation[] final = [At(Left, 0, "a"), At(Right, 0, "b"), At(Left, 4, "f"), At(Right, 4, "g")];
        Observation[] seen = [new("s", 11, Left, 0, "a"), new("s", 40, Left, 4, "f"), new("s", 41, Right, 0, "b")];

        Assert.Empty(HistoryChecker.Check(new(transactions, seen, final)));
    }

    [Fact]
    public void RecordOfAnAbortedTransaction_IsAnAbortedRead() => Finds(
        Anomaly.AbortedRead,
        new([Of("p", 1, TransactionOutcome.Aborted, TransactionRecord.Never, (Left, "a"))], [new("s", 5, Left, 0, "a")], []));

    [Fact]
    public void AbortWasAskedForAndSomeoneSawIt_IsAnAbortedReadInTheFinalReadingToo() => Finds(
        Anomaly.AbortedRead,
        new([Of("p", 1, TransactionOutcome.Aborted, TransactionRecord.Never, (Left, "a"))], [], [At(Left, 0, "a")]));

    [Fact]
    public void SeenBeforeTheCommitWasAskedFor_IsAPrecommittedRead() => Finds(
        Anomaly.PrecommittedRead,
        new([Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a"))], [new("s", 9, Left, 0, "a")], [At(Left, 0, "a")]));

    [Fact]
    public void CommittedTransactionWithoutItsRecords_IsALostWrite() => Finds(
        Anomaly.LostWrite, new([Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a"), (Right, "b"))], [], []));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SomeRecordsOfATransaction_AreATornTransaction(bool isKnown) => Finds(
        Anomaly.TornTransaction,
        new([Of("p", 1, isKnown ? TransactionOutcome.Committed : TransactionOutcome.Unknown, 10, (Left, "a"), (Right, "b"))], [], [At(Left, 0, "a")]));

    [Fact]
    public void UnknownTransactionWasSeenAndIsGone_IsATornTransaction() => Finds(
        Anomaly.TornTransaction,
        new([Of("p", 1, TransactionOutcome.Unknown, 10, (Left, "a"))], [new("s", 20, Left, 0, "a")], []));

    [Fact]
    public void RecordAtTwoOffsets_IsADuplicate() => Finds(
        Anomaly.Duplicate,
        new([Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a"))], [], [At(Left, 0, "a"), At(Left, 1, "a")]));

    [Fact]
    public void TwoRecordsAtOneOffset_AreInconsistent() => Finds(
        Anomaly.InconsistentOffset,
        new(
            [Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a")), Of("q", 1, TransactionOutcome.Committed, 10, (Left, "b"))],
            [new("s", 20, Left, 1, "a")],
            [At(Left, 0, "a"), At(Left, 1, "b")]));

    [Fact]
    public void RecordThatNobodySent_IsAPhantom() => Finds(Anomaly.Phantom, new([], [], [At(Left, 0, "a")]));

    [Fact]
    public void RecordInAnotherPartition_IsAPhantom() => Finds(
        Anomaly.Phantom, new([Of("p", 1, TransactionOutcome.Unknown, 10, (Left, "a"))], [], [At(Right, 0, "a")]));

    [Fact]
    public void TransactionsOfAProducerTheOtherWayRound_AreDisorder() => Finds(
        Anomaly.Disorder,
        new(
            [Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a")), Of("p", 2, TransactionOutcome.Committed, 20, (Left, "b"))],
            [],
            [At(Left, 0, "b"), At(Left, 2, "a")]));

    [Fact]
    public void RecordsOfATransactionTheOtherWayRound_AreDisorder() => Finds(
        Anomaly.Disorder,
        new([Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a"), (Left, "b"))], [], [At(Left, 0, "b"), At(Left, 1, "a")]));

    [Fact]
    public void SessionThatIsLedBack_IsFound() => Finds(Anomaly.NonMonotonicRead, TwoRecords([new("s", 30, Left, 2, "b"), new("s", 31, Left, 0, "a")]));

    [Fact]
    public void SessionThatIsLedPastARecord_IsFound()
    {
        History history = TwoRecords([new("s", 30, Left, 0, "a"), new("s", 31, Left, 4, "c")]);
        Finds(Anomaly.Skip, history);
        // Another session may begin where it likes.
        Assert.Empty(HistoryChecker.Check(history with { Observations = [new("s", 30, Left, 0, "a"), new("u", 31, Left, 4, "c")] }));
    }

    [Fact]
    public void OffsetThatGoesBack_IsFoundUnlessTheQuestionsOverlap()
    {
        History history = TwoRecords([]);
        Finds(Anomaly.OffsetWentBack, history with { Samples = [new("lso", 1, 2, 7), new("lso", 3, 4, 6)] });
        Assert.Empty(HistoryChecker.Check(history with { Samples = [new("lso", 1, 5, 7), new("lso", 2, 4, 6), new("lso", 6, 7, 7), new("other", 8, 9, 1)] }));
    }

    [Fact]
    public void TransactionsThatReadFromEachOther_AreACircle()
    {
        TransactionRecord first = Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a")) with { Reads = ["c"] };
        TransactionRecord second = Of("q", 1, TransactionOutcome.Unknown, 10, (Left, "b")) with { Reads = ["a"] };
        TransactionRecord third = Of("r", 1, TransactionOutcome.Committed, 10, (Left, "c")) with { Reads = ["b"] };
        Observation[] final = [At(Left, 0, "a"), At(Left, 2, "b"), At(Left, 4, "c")];

        Finds(Anomaly.CircularFlow, new([first, second, third], [], final));
        Assert.Empty(HistoryChecker.Check(new([first with { Reads = [] }, second, third], [], final)));
    }

    [Fact]
    public void TwoWritesOfOneValue_CannotBeJudged() => Assert.Throws<ArgumentException>(() =>
        HistoryChecker.Check(new([Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a"), (Right, "a"))], [], [])));

    private static History TwoRecords(Observation[] seen) => new(
        [
            Of("p", 1, TransactionOutcome.Committed, 10, (Left, "a")), Of("p", 2, TransactionOutcome.Committed, 20, (Left, "b")),
            Of("p", 3, TransactionOutcome.Committed, 25, (Left, "c")),
        ],
        seen,
        [At(Left, 0, "a"), At(Left, 2, "b"), At(Left, 4, "c")]);

    private static TransactionRecord Of(string producer, int number, TransactionOutcome outcome, long commitAskedAt, params (Place, string)[] writes) =>
        new(producer, number, writes, outcome, commitAskedAt);

    private static Observation At(Place place, long offset, string value) => new("final", 1_000, place, offset, value);

    private static void Finds(Anomaly anomaly, History history) =>
        Assert.Contains(anomaly, HistoryChecker.Check(history).Select(violation => violation.Anomaly));
}
