using KBroker.Broker.Coordinators.Groups.Assignors;

namespace KBroker.Broker.Tests.Coordinators;

/// <summary>A client in a schedule: what it holds, and what it does when its turn comes.</summary>
internal abstract class ScheduledMember(ConsumerRig rig, string name)
{
    public string Name => name;

    /// <summary>Its member id; empty before it has one.</summary>
    public string Id { get; protected set; } = "";

    /// <summary>What it reads, or may begin to read at any moment: it was told so and has not given it up.</summary>
    public abstract TopicPartitionSet Held { get; }

    /// <summary>Whether it has all that it was told, and nothing that it has to let go.</summary>
    public abstract bool IsSettled { get; }

    /// <summary>Whether it was told to stop for good: another one has its instance id.</summary>
    public bool IsGone { get; protected set; }

    protected ConsumerRig Rig => rig;

    protected static string Show(TopicPartitionSet partitions) =>
        string.Join(' ', partitions.All.Order().Select(one => $"{one.Topic.ToByteArray()[8]}-{one.Partition}"));

    /// <summary>Takes its turn.</summary>
    public abstract void Act(Random random);

    /// <summary>The connection broke: what was on its way is lost.</summary>
    public abstract void LoseAnswers();

    public abstract void Leave(Random random);
}
