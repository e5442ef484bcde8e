using System.Collections.Immutable;
using KBroker.Controller.Coordination;
using KBroker.Controller.Election;
using KBroker.Controller.Metadata;
using KBroker.Controller.StateMachines;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Events;

/// <summary>Brokers registered, changed or went.</summary>
internal sealed class BrokersChangedEvent(ControllerOptions options) : ControllerEvent<ErrorCode>
{
    private IReadOnlyDictionary<BrokerId, BrokerRegistration> _registered = new Dictionary<BrokerId, BrokerRegistration>();

    public override async ValueTask ReadAsync(ICoordinationSession session)
        => _registered = await MetadataLoader.ReadBrokersAsync(session);

    protected override ControllerDecision<ErrorCode> Apply(ControllerState state)
    {
        var before = state.Image.Brokers;
        var brokers = ImmutableDictionary.CreateBuilder<BrokerId, BrokerRegistration?>();
        foreach (BrokerId gone in before.Keys.Where(id => !_registered.ContainsKey(id))) brokers[gone] = null;
        foreach (BrokerRegistration broker in _registered.Values)
        {
            if (!before.TryGetValue(broker.Id, out BrokerRegistration? known) || !Same(known, broker)) brokers[broker.Id] = broker;
        }

        if (brokers.Count == 0) return ControllerDecision<ErrorCode>.Answer(ErrorCode.None);
        var writes = new List<CoordinationOperation>();
        var changed = new TopicChanges(state.Image);
        bool Restarted(BrokerId id) => before.TryGetValue(id, out BrokerRegistration? known)
            && _registered.TryGetValue(id, out BrokerRegistration? now) && known.Epoch != now.Epoch;
        foreach (TopicImage topic in state.Image.Topics)
        {
            bool unclean = UncleanElection.IsAllowed(state.Image, topic.Name, options.UncleanLeaderElection);
            foreach (PartitionImage partition in topic.Partitions)
            {
                if (LeaderElector.Elect(partition, _registered.ContainsKey, Restarted, unclean) is not PartitionImage next) continue;
                writes.Add(TopicWrites.ChangeState(topic.Name, next, state.Term.Epoch));
                changed.Set(topic.Name, next);
            }
        }

        var delta = new ClusterMetadataDelta { Brokers = brokers.ToImmutable(), ChangedTopics = changed.ToChanges() };
        return new(writes, delta, ErrorCode.None);
    }

    protected override ErrorCode Refusal(ErrorCode error) => error;

    private static bool Same(BrokerRegistration known, BrokerRegistration now)
        => known.Epoch == now.Epoch && known.Rack == now.Rack && known.Endpoints.SequenceEqual(now.Endpoints);
}
