using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Segments;

namespace KBroker.LogEngine.Tests;

public sealed class ProducerRulesTests
{
    private const int Last = int.MaxValue;

    [Theory]
    // Known at epoch 3 with last sequence 9.
    [InlineData(3, 9, 3, 10, AppendStatus.Appended)]
    [InlineData(3, 9, 3, 11, AppendStatus.OutOfOrderSequence)]
    [InlineData(3, 9, 3, 9, AppendStatus.OutOfOrderSequence)]
    [InlineData(3, 9, 3, 0, AppendStatus.OutOfOrderSequence)]
    [InlineData(3, 9, 2, 10, AppendStatus.InvalidProducerEpoch)]
    [InlineData(3, 9, 4, 0, AppendStatus.Appended)]
    [InlineData(3, 9, 4, 10, AppendStatus.OutOfOrderSequence)]
    // After the largest sequence comes 0.
    [InlineData(3, Last, 3, 0, AppendStatus.Appended)]
    [InlineData(3, Last, 3, 1, AppendStatus.OutOfOrderSequence)]
    [InlineData(3, Last - 1, 3, Last, AppendStatus.Appended)]
    [InlineData(3, Last - 1, 3, 0, AppendStatus.OutOfOrderSequence)]
    // An epoch that only a marker is known of starts at 0.
    [InlineData(3, -1, 3, 0, AppendStatus.Appended)]
    [InlineData(3, -1, 3, 5, AppendStatus.OutOfOrderSequence)]
    // No state: wherever it is.
    [InlineData(-1, -1, 0, 0, AppendStatus.Appended)]
    [InlineData(-1, -1, 7, 12345, AppendStatus.Appended)]
    public void CheckData_FromClient_FollowsSequence(short knownEpoch, int knownLast, short epoch, int sequence, AppendStatus expected)
    {
        var at = new ProducerPosition(knownEpoch, knownLast, -1, false);
        ProducerPosition before = at;
        Assert.Equal(expected, ProducerRules.CheckData(ref at, Header(epoch, sequence, 2, false), new AppendTerms(AppendOrigin.Client)));
        Assert.Equal(expected == AppendStatus.Appended ? new ProducerPosition(epoch, Add(sequence, 1), -1, false) : before, at);
    }

    [Theory]
    [InlineData(3, -1, AppendStatus.Appended)]
    [InlineData(4, -1, AppendStatus.Appended)]
    [InlineData(3, 500, AppendStatus.Appended)]
    [InlineData(2, -1, AppendStatus.InvalidProducerEpoch)]
    public void CheckData_FromCoordinator_ChecksEpochAlone(short epoch, int sequence, AppendStatus expected)
    {
        var at = new ProducerPosition(3, 9, -1, false);
        Assert.Equal(expected, ProducerRules.CheckData(ref at, Header(epoch, sequence, 1, false), new AppendTerms(AppendOrigin.Coordinator)));
    }

    [Fact]
    public void CheckData_PlainBatchWithinTransaction_IsRefused()
    {
        var at = new ProducerPosition(0, 9, -1, true);
        Assert.Equal(AppendStatus.InvalidTransactionState, ProducerRules.CheckData(ref at, Header(0, 10, 1, false), new AppendTerms(AppendOrigin.Client)));
        Assert.Equal(AppendStatus.Appended, ProducerRules.CheckData(ref at, Header(0, 10, 1, true), new AppendTerms(AppendOrigin.Client)));
        Assert.True(at.InTransaction);
    }

    [Theory]
    [InlineData(3, 5, AppendStatus.Appended)]
    [InlineData(3, 6, AppendStatus.Appended)]
    [InlineData(4, 5, AppendStatus.Appended)]
    [InlineData(3, 4, AppendStatus.TransactionCoordinatorFenced)]
    [InlineData(2, 6, AppendStatus.InvalidProducerEpoch)]
    public void CheckMarker_Epochs_Fence(short epoch, int coordinatorEpoch, AppendStatus expected)
    {
        var at = new ProducerPosition(3, 9, 5, true);
        Assert.Equal(expected, ProducerRules.CheckMarker(ref at, epoch, coordinatorEpoch));
        if (expected == AppendStatus.Appended)
            Assert.Equal(new ProducerPosition(epoch, epoch == 3 ? 9 : -1, coordinatorEpoch, false), at);
    }

    [Theory]
    [InlineData(true, 3, AppendStatus.InvalidProducerEpoch)]
    [InlineData(true, 4, AppendStatus.Appended)]
    [InlineData(false, 3, AppendStatus.Appended)]
    [InlineData(false, 2, AppendStatus.InvalidProducerEpoch)]
    public void CheckMarker_ThatRaisesTheEpoch_EndsNoTransactionOfItsOwn(bool inTransaction, short epoch, AppendStatus expected)
    {
        var at = new ProducerPosition(3, 9, 5, inTransaction);
        Assert.Equal(expected, ProducerRules.CheckMarker(ref at, epoch, 5, raisesEpoch: true));
    }

    private static int Add(int sequence, int by) => Protocol.Records.ProducerSequence.Add(sequence, by);

    private static BatchHeader Header(short epoch, int sequence, int records, bool transactional) =>
        new(100, 100 + records - 1, 61, 2, 0, (short)(transactional ? 0x10 : 0), 1000, 1, epoch, sequence);
}
