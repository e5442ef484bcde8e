namespace KBroker.Broker.Coordinators.Groups.Assignors;

/// <summary>A search in breadth over members, each reached from another through a class both subscribe to. Used again without clearing.</summary>
internal sealed class ChainSearch(int members, int classes)
{
    private readonly int[] _reachedIn = new int[members];
    private readonly int[] _enteredIn = new int[classes];
    private readonly int[] _before = new int[members];
    private readonly int[] _by = new int[members];
    private readonly int[] _depth = new int[members];
    private readonly List<int> _reached = [];
    private int _round;
    private int _next;

    /// <summary>The members reached, in order; the first is where the search began.</summary>
    public IReadOnlyList<int> Reached => _reached;

    /// <summary>Begins a search at a member.</summary>
    public void Start(int from)
    {
        _round++;
        _next = 0;
        _reached.Clear();
        _reached.Add(from);
        _reachedIn[from] = _round;
        _depth[from] = 0;
    }

    /// <summary>The next member to go on from; false when there is none.</summary>
    public bool TryNext(out int member)
    {
        member = _next < _reached.Count ? _reached[_next] : -1;
        return _next++ < _reached.Count;
    }

    /// <summary>Goes into a class; false if this search was there: its members are all reached.</summary>
    public bool TryEnter(int number)
    {
        if (_enteredIn[number] == _round) return false;
        _enteredIn[number] = _round;
        return true;
    }

    /// <summary>Reaches a member; false if this search had.</summary>
    /// <param name="member">The member.</param>
    /// <param name="before">The member it is reached from.</param>
    /// <param name="by">The class through which.</param>
    public bool TryReach(int member, int before, int by)
    {
        if (_reachedIn[member] == _round) return false;
        _reachedIn[member] = _round;
        _before[member] = before;
        _by[member] = by;
        _depth[member] = _depth[before] + 1;
        _reached.Add(member);
        return true;
    }

    /// <summary>How many steps from the beginning a member was reached in.</summary>
    public int DepthOf(int member) => _depth[member];

    /// <summary>The member that a member was reached from.</summary>
    public int Before(int member) => _before[member];

    /// <summary>The class through which a member was reached.</summary>
    public int By(int member) => _by[member];
}
