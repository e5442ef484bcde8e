using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Controller.StateMachines;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Events;

/// <summary>AlterPartition: ISR changes that leaders ask for.</summary>
internal sealed class AlterPartitionsEvent(IReadOnlyList<IsrChange> changes) : ControllerEvent<IReadOnlyList<IsrChangeResult>>
{
    protected override ControllerDecision<IReadOnlyList<IsrChangeResult>> Apply(ControllerState state)
    {
        var results = new List<IsrChangeResult>();
        var writes = new List<CoordinationOperation>();
        var changed = new TopicChanges(state.Image);
        foreach (IsrChange change in changes)
        {
            if (!state.Image.TryGetTopic(change.TopicId, out TopicImage? known))
            {
                results.Add(new(ErrorCode.UnknownTopicId, null));
                continue;
            }

            PartitionImage? partition = changed.Current(known.Name).Partition(change.Partition);
            ErrorCode error = partition is null
                ? ErrorCode.UnknownTopicOrPartition
                : IsrChangeJudge.Judge(state.Image, change, partition);
            if (error != ErrorCode.None)
            {
                results.Add(new(error, partition));
                continue;
            }

            PartitionImage next = partition! with
            {
                Isr = [.. change.NewIsr],
                PartitionEpoch = new PartitionEpoch(partition.PartitionEpoch.Value + 1),
            };
            writes.Add(TopicWrites.ChangeState(known.Name, next, state.Term.Epoch));
            changed.Set(known.Name, next);
            results.Add(new(ErrorCode.None, next));
        }

        return new(writes, new ClusterMetadataDelta { ChangedTopics = changed.ToChanges() }, results);
    }

    protected override IReadOnlyList<IsrChangeResult> Refusal(ErrorCode error)
        => [.. changes.Select(_ => new IsrChangeResult(error, null))];
}
