namespace KBroker.Compat.Tests.Churn;

/// <summary>What the history of a churned group must find.</summary>
public sealed class OwnershipHistoryTests
{
    private readonly OwnershipHistory _history = new();

    [Fact]
    public void PartitionIsAssignedBeforeItsOwnerGaveItUp_IsShared()
    {
        _history.Add("a", new("assigned", 10, "1,2"));
        _history.Add("b", new("assigned", 20, "2"));
        _history.Add("a", new("revoked", 30, "1,2"));

        string found = Assert.Single(_history.SharedPartitions());
        Assert.Contains("partition 2", found, StringComparison.Ordinal);
    }

    [Fact]
    public void PartitionPassesFromOneToTheNext_IsNotShared()
    {
        _history.Add("a", new("assigned", 10, "1,2"));
        _history.Add("a", new("revoked", 20, "1"));
        _history.Add("b", new("assigned", 30, "1"));
        // What a member tells before its death may be read after it.
        _history.Killed("b", 50);
        _history.Add("b", new("revoked", 40, "1"));
        _history.Add("c", new("assigned", 45, "1"));

        Assert.Empty(_history.SharedPartitions());
    }

    [Fact]
    public void OwnerWasPutOutOfTheGroup_ItsWordCountsForNothing()
    {
        _history.Add("a", new("assigned", 10, "1"));
        _history.Add("b", new("assigned", 20, "1"));
        _history.Add("a", new("lost", 30, "1"));

        Assert.Empty(_history.SharedPartitions());
    }

    [Fact]
    public void RecordsThatMembersRead_AreSeen()
    {
        _history.Add("a", new("seen", 10, "1:5,1:6"));
        _history.Add("b", new("seen", 10, "1:6"));

        Assert.True(_history.HasSeen(1, 6));
        Assert.False(_history.HasSeen(1, 7));
        Assert.Equal((2, 3), (_history.SeenCount, (int)_history.Reads));
    }
}
