using KBroker.Broker.Coordinators.Transactions;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Tests.Coordinators.Transactions;

/// <summary>
/// The way of markers to their partitions: they are refused, lost before or after they are written, or late. One of the second protocol
/// may come as late as it likes; the first has no defence against that, and what it sends again is lost before.
/// </summary>
internal sealed class ModelMarkers(Random random, Dictionary<TopicPartition, ModelPartition> partitions, Action<string> note) : ITransactionMarkers
{
    private readonly List<Sending> _underWay = [];
    private readonly List<(TransactionEnd End, TopicPartition At)> _late = [];

    public bool IsHealed { get; set; }

    /// <summary>Refused for no reason that lasts.</summary>
    public bool Refuses { get; set; }

    public void Write(TransactionEnd end, Action<IReadOnlyList<ErrorCode>> done)
    {
        if (end.TransactionVersion < 2) _underWay.RemoveAll(other => other.End.ProducerId == end.ProducerId && other.End.CoordinatorEpoch == end.CoordinatorEpoch);
        _underWay.Add(new Sending(end, done));
    }

    public void Step()
    {
        if (_late.Count > 0 && random.Next(3) == 0)
        {
            (TransactionEnd end, TopicPartition at) = _late[random.Next(_late.Count)];
            Mark(end, at);
            if (random.Next(2) == 0) _late.Remove((end, at));
        }

        if (_underWay.Count == 0) return;
        int index = IsHealed ? 0 : random.Next(_underWay.Count);
        Sending sending = _underWay[index];
        _underWay.RemoveAt(index);
        var errors = new ErrorCode[sending.End.Partitions.Count];
        bool answered = true;
        for (int i = 0; i < errors.Length; i++)
        {
            TopicPartition at = sending.End.Partitions[i];
            switch (IsHealed ? 9 : random.Next(10))
            {
                case 0:
                    errors[i] = ErrorCode.NotLeaderOrFollower;
                    break;
                case 1:
                    Mark(sending.End, at);
                    errors[i] = ErrorCode.RequestTimedOut;
                    break;
                case 2:
                    answered = false;
                    if (random.Next(2) == 0) Mark(sending.End, at);
                    else if (sending.End.TransactionVersion >= 2) _late.Add((sending.End, at));
                    break;
                case 3 when sending.End.TransactionVersion >= 2:
                    _late.Add((sending.End, at));
                    goto default;
                default:
                    errors[i] = Refuses ? ErrorCode.NotEnoughReplicas : Mark(sending.End, at);
                    break;
            }
        }

        if (answered) sending.Done(errors);
    }

    private ErrorCode Mark(TransactionEnd end, TopicPartition at)
    {
        ErrorCode error = partitions[at].Mark(end);
        note($"{(end.Commit ? "commit" : "abort")} of {end.ProducerId} with epoch {end.ProducerEpoch}, version {end.TransactionVersion}, coordinator {end.CoordinatorEpoch} in {at}: {error}");
        return error;
    }

    private sealed record Sending(TransactionEnd End, Action<IReadOnlyList<ErrorCode>> Done);
}
