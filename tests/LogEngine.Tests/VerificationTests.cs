using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Tests.Support;
using KBroker.Protocol.Identity;

namespace KBroker.LogEngine.Tests;

/// <summary>The first batch of a transaction needs a guard from before its coordinator was asked (KIP-890).</summary>
public sealed class VerificationTests
{
    private readonly LogRig _rig = new();

    [Fact]
    public void Append_TransactionalWithoutGuard_IsRefusedUntilItsTransactionIsOpen()
    {
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 0));
        Assert.Equal(0, _rig.Log.LogEndOffset);
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 0, Guard(7, 0, 0)));
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 1));
        _rig.End(7, 0, commit: true);
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 2));
        Assert.Equal(AppendStatus.Duplicate, Append(7, 0, 1));
    }

    [Fact]
    public void Append_PlainBatch_NeedsNoGuard()
    {
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 0, transactional: false));
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Append_MarkerSinceTheGuard_IsRefused(bool commit)
    {
        long guard = Guard(7, 0, 0);
        _rig.End(7, 0, commit);
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 0, guard));
        long later = Guard(7, 0, 0);
        Assert.NotEqual(guard, later);
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 0, guard));
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 0, later));
    }

    [Fact]
    public void Append_MarkerFromAnotherLogSinceTheGuard_IsRefused()
    {
        long guard = Guard(7, 1, 0, bumpsEpoch: true);
        byte[] marker = Batches.Marker(7, 1, commit: false, 0);
        _rig.Log.AppendAsFollower(marker);
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 1, 0, guard));
    }

    [Fact]
    public void Append_TruncationSinceTheGuard_IsRefused()
    {
        _rig.Append(2);
        _rig.Append(2);
        long guard = Guard(7, 0, 0);
        _rig.Log.TruncateTo(2);
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 0, guard));
    }

    [Fact]
    public void Append_GuardUsedAgainAfterTheTransaction_IsRefused()
    {
        long guard = Guard(7, 0, 0);
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 0, guard));
        _rig.End(7, 0, commit: true);
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 1, guard));
    }

    [Fact]
    public void Append_GuardOfAnotherProducer_IsRefused()
    {
        long guard = Guard(7, 0, 0);
        Guard(8, 0, 0);
        Assert.Equal(AppendStatus.VerificationRequired, Append(8, 0, 0, guard));
    }

    [Fact]
    public void TryStartVerification_OpenTransaction_NeedsNoGuard()
    {
        _rig.Produce(7, 0, 0, transactional: true);
        Assert.Equal(0, Guard(7, 0, 1));
        Assert.NotEqual(0, Guard(7, 1, 0));
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 1, 0));
    }

    [Fact]
    public void TryStartVerification_OldEpoch_IsRefused()
    {
        _rig.Produce(7, 3, 0);
        Assert.False(_rig.Log.TryStartVerification(7, 2, 0, bumpsEpoch: false, out _));
        Assert.Equal(AppendStatus.InvalidProducerEpoch, Append(7, 2, 0));
    }

    [Fact]
    public void Append_LaterBatchWhileAnEarlierIsVerified_MayNotOvertakeIt()
    {
        Guard(7, 0, 0);
        long guard = Guard(7, 0, 5);
        Assert.Equal(AppendStatus.OutOfOrderSequence, Append(7, 0, 5, guard));
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 0, guard));
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 1));
    }

    [Fact]
    public void Append_LowerSequenceOfAnotherEpoch_DoesNotStandInTheWay()
    {
        long guard = Guard(7, 0, 5);
        Guard(7, 9, 0);
        Assert.Equal(AppendStatus.Appended, Append(7, 0, 5, guard));
    }

    [Theory]
    [InlineData(true, AppendStatus.OutOfOrderSequence)]
    [InlineData(false, AppendStatus.Appended)]
    public void Append_UnknownProducerNotAtZero_IsRefusedWhereEachTransactionBeginsThere(bool bumpsEpoch, AppendStatus expected) =>
        Assert.Equal(expected, Append(7, 4, 3, Guard(7, 4, 3, bumpsEpoch)));

    [Fact]
    public void End_MarkerOfTheEpochThatGoesOn_LeavesTheGuardOfTheNextTransaction()
    {
        Append(7, 0, 0, Guard(7, 0, 0, bumpsEpoch: true));
        // The client learns of its next epoch before all partitions have the marker.
        long guard = Guard(7, 1, 0, bumpsEpoch: true);
        Assert.Equal(AppendStatus.Appended, End(7, 1));
        Assert.Equal(AppendStatus.Appended, Append(7, 1, 0, guard));
    }

    [Fact]
    public void End_MarkerRepeatedWithinTheNextTransaction_IsRefused()
    {
        Append(7, 0, 0, Guard(7, 0, 0, bumpsEpoch: true));
        Assert.Equal(AppendStatus.Appended, End(7, 1));
        Assert.Equal(AppendStatus.Appended, End(7, 1));
        Append(7, 1, 0, Guard(7, 1, 0, bumpsEpoch: true));
        Assert.Equal(AppendStatus.InvalidProducerEpoch, End(7, 1));
        Assert.Equal(AppendStatus.Appended, End(7, 2));
    }

    [Fact]
    public void End_LargestEpoch_EndsItsOwnTransaction()
    {
        Append(7, short.MaxValue, 0, Guard(7, short.MaxValue, 0));
        Assert.Equal(AppendStatus.Appended, End(7, short.MaxValue));
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, short.MaxValue, 1));
    }

    [Fact]
    public void Expire_GuardThatNobodyUses_IsForgottenWithinMinutes()
    {
        long refused = Guard(7, 0, 0);
        _rig.Time.Advance(TimeSpan.FromMinutes(3));
        long asked = Guard(8, 0, 0);
        _rig.Log.ExpireProducers();
        Assert.Equal(2, _rig.Log.Producers.PendingVerificationCount);
        _rig.Time.Advance(TimeSpan.FromMinutes(3));
        _rig.Log.ExpireProducers();
        Assert.Equal(1, _rig.Log.Producers.PendingVerificationCount);
        Assert.Equal(AppendStatus.VerificationRequired, Append(7, 0, 0, refused));
        Assert.Equal(AppendStatus.Appended, Append(8, 0, 0, asked));
    }

    [Fact]
    public void TryStartVerification_FloodOfProducers_IsBounded()
    {
        long first = Guard(0, 0, 0);
        for (int i = 1; i <= new ProducerOptions().MaxProducers; i++) Guard(i, 0, 0);
        Assert.Equal(AppendStatus.VerificationRequired, Append(0, 0, 0, first));
        Assert.True(_rig.Log.Producers.PendingVerificationCount <= new ProducerOptions().MaxProducers);
    }

    private long Guard(long producerId, short epoch, int sequence, bool bumpsEpoch = false)
    {
        Assert.True(_rig.Log.TryStartVerification(producerId, epoch, sequence, bumpsEpoch, out long guard));
        return guard;
    }

    private AppendStatus Append(long producerId, short epoch, int sequence, long guard = 0, bool transactional = true) => _rig.Log.AppendAsLeader(
        Batches.Of(producerId, epoch, sequence, 1, transactional),
        new LeaderEpoch(0),
        new AppendTerms(AppendOrigin.Client) { MustBeVerified = true, VerificationGuard = guard }).Status;

    private AppendStatus End(long producerId, short epoch) => _rig.Log.AppendAsLeader(
        Batches.Marker(producerId, epoch, commit: true, 0), new LeaderEpoch(0), new AppendTerms(AppendOrigin.Coordinator) { MarkerRaisesEpoch = true }).Status;
}
