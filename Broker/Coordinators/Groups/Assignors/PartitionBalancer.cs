using System.Diagnostics;

namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>
/// Who owns which partition while an assignment is made, and the moves that even it out. Members, topics and classes are indexes;
/// every choice is by number of partitions, then by index, so that equal input gives equal output.
/// </summary>
internal sealed class PartitionBalancer
{
    /// <summary>How many members the search for chains may look at, over all: it bounds the time of an assignment.</summary>
    public const long DefaultVisits = 20_000_000;

    private const int Nobody = -1;

    private readonly IReadOnlyList<SubscriptionClass> _classes;
    private readonly int[] _classOf;
    private readonly int[][] _owners;
    private readonly int[] _loads;

    // What each member holds of each class, what came last on top. A member gives up what it got last.
    private readonly Dictionary<int, Stack<Place>>[] _held;
    private readonly long _allowedVisits;

    /// <param name="members">The number of members.</param>
    /// <param name="partitionCounts">The partitions of each topic.</param>
    /// <param name="classes">The classes that the topics are in.</param>
    /// <param name="allowedVisits">The bound on the search for chains.</param>
    public PartitionBalancer(int members, int[] partitionCounts, IReadOnlyList<SubscriptionClass> classes, long allowedVisits = DefaultVisits)
    {
        _classes = classes;
        _classOf = new int[partitionCounts.Length];
        _owners = new int[partitionCounts.Length][];
        _loads = new int[members];
        _held = new Dictionary<int, Stack<Place>>[members];
        _allowedVisits = allowedVisits;
        for (int member = 0; member < members; member++) _held[member] = [];
        for (int topic = 0; topic < partitionCounts.Length; topic++)
        {
            _owners[topic] = new int[partitionCounts[topic]];
            Array.Fill(_owners[topic], Nobody);
        }

        for (int i = 0; i < classes.Count; i++)
        {
            foreach (int topic in classes[i].Topics) _classOf[topic] = i;
        }
    }

    /// <summary>Members looked at and partitions placed so far.</summary>
    public long Visits { get; private set; }

    /// <summary>The owner of each partition of a topic.</summary>
    public ReadOnlySpan<int> OwnersOf(int topic) => _owners[topic];

    /// <summary>Leaves a partition to a member that has it, if it exists and nobody else was left it.</summary>
    public void TryKeep(int topic, int partition, int member)
    {
        if ((uint)partition < (uint)_owners[topic].Length && _owners[topic][partition] == Nobody) Give(new Place(topic, partition), member);
    }

    /// <summary>Gives each partition that nobody has to the subscriber with the fewest; those with the least choice go first.</summary>
    public void PlaceTheRest()
    {
        foreach (SubscriptionClass one in _classes.OrderBy(one => one.Subscribers.Length)) PlaceTheRest(one);
    }

    /// <summary>Moves partitions from members with more to members with fewer for as long as that makes them more even.</summary>
    public void EvenOut()
    {
        for (int i = 0; i < _classes.Count; i++) EvenOut(i);
        if (_classes.Count > 1) EvenOutChains();
    }

    private void PlaceTheRest(SubscriptionClass one)
    {
        PriorityQueue<int, (int Load, int Member)>? least = null;
        foreach (int topic in one.Topics)
        {
            for (int partition = 0; partition < _owners[topic].Length; partition++)
            {
                if (_owners[topic][partition] != Nobody) continue;
                least ??= Queue(one.Subscribers, member => (_loads[member], member));
                int member = least.Peek();
                Give(new Place(topic, partition), member);
                least.DequeueEnqueue(member, (_loads[member], member));
            }
        }
    }

    /// <summary>
    /// Within a class: from the fullest member that has something of it, to the emptiest. Who gives never gets here, and who gets never
    /// gives: the fullest stays above the emptiest until there is nothing left to even out.
    /// </summary>
    private void EvenOut(int number)
    {
        int[] subscribers = _classes[number].Subscribers;
        if (!IsUneven(subscribers)) return;
        PriorityQueue<int, (int Load, int Member)> least = Queue(subscribers, member => (_loads[member], member));
        PriorityQueue<int, (int Load, int Member)> most = Queue(
            subscribers.Where(member => HeldOf(member, number) > 0), member => (-_loads[member], member));
        while (most.TryPeek(out int from, out _))
        {
            int to = least.Peek();
            if (_loads[from] - _loads[to] < 2) return;
            Move(number, from, to);
            least.DequeueEnqueue(to, (_loads[to], to));
            if (HeldOf(from, number) > 0) most.DequeueEnqueue(from, (-_loads[from], from));
            else most.Dequeue();
        }
    }

    /// <summary>
    /// Across classes, where a member with many can only give to one in the middle, which in turn can give to one with few. From each
    /// member, the fullest first, the shortest such chain is looked for. Where there is none, nobody who was reached has two fewer, and
    /// what they hold stays among them: they need not be looked at again.
    /// </summary>
    private void EvenOutChains()
    {
        bool[] isDone = new bool[_loads.Length];
        var fullest = Queue(Enumerable.Range(0, _loads.Length), member => (-_loads[member], member));
        var search = new ChainSearch(_loads.Length, _classes.Count);
        while (fullest.TryDequeue(out int from, out (int NegativeLoad, int Member) then))
        {
            if (isDone[from]) continue;
            if (-then.NegativeLoad != _loads[from])
            {
                fullest.Enqueue(from, (-_loads[from], from));
                continue;
            }

            int to = FindChain(search, from, isDone);
            if (Visits > _allowedVisits) return;
            if (to == Nobody)
            {
                foreach (int reached in search.Reached) isDone[reached] = true;
                continue;
            }

            MoveAlong(search, from, to);
            fullest.Enqueue(from, (-_loads[from], from));
            fullest.Enqueue(to, (-_loads[to], to));
        }
    }

    private int FindChain(ChainSearch search, int from, bool[] isDone)
    {
        search.Start(from);
        int best = Nobody;
        int depth = 0;
        while (search.TryNext(out int member))
        {
            // The shortest chain is wanted: once one is found, no longer ones.
            if (search.DepthOf(member) > depth)
            {
                if (best != Nobody) return best;
                depth = search.DepthOf(member);
            }

            foreach ((int number, Stack<Place> held) in _held[member])
            {
                if (held.Count == 0 || !search.TryEnter(number)) continue;
                foreach (int next in _classes[number].Subscribers)
                {
                    Visits++;
                    if (isDone[next] || !search.TryReach(next, member, number)) continue;
                    if (_loads[from] - _loads[next] >= 2 && (best == Nobody || _loads[next] < _loads[best])) best = next;
                }
            }
        }

        return best;
    }

    private void MoveAlong(ChainSearch search, int from, int to)
    {
        // As many at once as every member on the way has to give.
        int count = (_loads[from] - _loads[to]) / 2;
        for (int member = to; member != from; member = search.Before(member))
            count = Math.Min(count, HeldOf(search.Before(member), search.By(member)));
        for (int member = to; member != from; member = search.Before(member))
        {
            for (int i = 0; i < count; i++) Move(search.By(member), search.Before(member), member);
        }
    }

    private bool IsUneven(int[] members)
    {
        int least = int.MaxValue;
        int most = 0;
        foreach (int member in members)
        {
            Visits++;
            least = Math.Min(least, _loads[member]);
            most = Math.Max(most, _loads[member]);
        }

        return most - least >= 2;
    }

    private int HeldOf(int member, int number) => _held[member].TryGetValue(number, out Stack<Place>? held) ? held.Count : 0;

    private void Move(int number, int from, int to)
    {
        Place place = _held[from][number].Pop();
        _loads[from]--;
        Give(place, to);
    }

    private void Give(Place place, int member)
    {
        Visits++;
        int number = _classOf[place.Topic];
        if (!_held[member].TryGetValue(number, out Stack<Place>? held)) _held[member].Add(number, held = []);
        held.Push(place);
        _owners[place.Topic][place.Partition] = member;
        _loads[member]++;
        Debug.Assert(Array.BinarySearch(_classes[number].Subscribers, member) >= 0, "An owner subscribes to what it owns.");
    }

    private static PriorityQueue<int, (int Load, int Member)> Queue(IEnumerable<int> members, Func<int, (int Load, int Member)> order) =>
        new(members.Select(member => (member, order(member))));

    private readonly record struct Place(int Topic, int Partition);
}
