using System.Globalization;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Churn;

/// <summary>What the members of a group told of themselves: which partitions they owned from when to when, and what they read.</summary>
/// <remarks>
/// Members give partitions up before they ask for their next ones, so at no time two of them own one. The exception is a member that the
/// group has put out (its heartbeats came too late): until it hears of that it believes to own what others have. It tells that the
/// partitions are lost, and its word before that counts for nothing; its commits are refused.
/// </remarks>
internal sealed class OwnershipHistory
{
    private readonly Dictionary<(string Member, int Partition), long> _owned = [];
    private readonly Dictionary<string, long> _killed = [];
    private readonly List<Tenure> _tenures = [];
    private readonly HashSet<(int Partition, long Offset)> _seen = [];
    private readonly List<string> _failures = [];
    private readonly List<string> _deaths = [];
    private readonly Lock _lock = new();
    private long _reads;

    /// <summary>How many different records were read.</summary>
    public int SeenCount
    {
        get
        {
            lock (_lock) return _seen.Count;
        }
    }

    /// <summary>How often a record was read, by whomever.</summary>
    public long Reads
    {
        get
        {
            lock (_lock) return _reads;
        }
    }

    /// <summary>Who died without being killed.</summary>
    public IReadOnlyList<string> Deaths
    {
        get
        {
            lock (_lock) return [.. _deaths];
        }
    }

    /// <summary>What members said when they failed.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_lock) return [.. _failures];
        }
    }

    public bool HasSeen(int partition, long offset)
    {
        lock (_lock) return _seen.Contains((partition, offset));
    }

    /// <summary>Takes in what a member told.</summary>
    public void Add(string member, ClientLine line)
    {
        lock (_lock)
        {
            switch (line.Event)
            {
                case "assigned":
                    foreach (int partition in Partitions(line.Text)) _owned.TryAdd((member, partition), line.Nanoseconds);
                    break;
                case "revoked":
                    foreach (int partition in Partitions(line.Text)) GiveUp(member, partition, line.Nanoseconds, isLost: false);
                    break;
                case "lost":
                    foreach (int partition in Partitions(line.Text)) GiveUp(member, partition, line.Nanoseconds, isLost: true);
                    break;
                case "lost-all":
                    GiveUpAll(member, line.Nanoseconds, isLost: true);
                    break;
                case "ended":
                    GiveUpAll(member, line.Nanoseconds, isLost: false);
                    break;
                case "failed":
                    GiveUpAll(member, line.Nanoseconds, isLost: true);
                    _failures.Add($"{member}: {line.Text}");
                    break;
                case "seen":
                    foreach (string record in line.Text.Split(',', StringSplitOptions.RemoveEmptyEntries)) See(record);
                    break;
            }
        }
    }

    /// <summary>A member is dead since a time; what it told before may still be on its way here.</summary>
    public void Killed(string member, long nanoseconds)
    {
        lock (_lock) _killed.Add(member, nanoseconds);
    }

    /// <summary>A member has died by itself some time before.</summary>
    public void Died(string member, long nanoseconds, string words)
    {
        lock (_lock)
        {
            _killed.TryAdd(member, nanoseconds);
            _deaths.Add($"{member}: {words}");
        }
    }

    /// <summary>Partitions that two members owned at a time, one line for each case; none is right.</summary>
    public IReadOnlyList<string> SharedPartitions()
    {
        var found = new List<string>();
        lock (_lock)
        {
            IEnumerable<Tenure> all = _tenures.Concat(_owned.Select(owned => new Tenure(owned.Key.Partition, owned.Key.Member, owned.Value, _killed.GetValueOrDefault(owned.Key.Member, long.MaxValue), false)));
            foreach (IGrouping<int, Tenure> partition in all.GroupBy(tenure => tenure.Partition))
            {
                Tenure[] tenures = [.. partition.OrderBy(tenure => tenure.From)];
                for (int i = 0; i < tenures.Length; i++)
                {
                    Tenure first = tenures[i];
                    if (first.IsLost) continue;
                    found.AddRange(tenures.Skip(i + 1).TakeWhile(next => next.From < first.Until).Select(next => $"{first} and {next}"));
                }
            }
        }

        return found;
    }

    /// <summary>Who owns what, by the members' own word.</summary>
    public string OwnersAtTheEnd()
    {
        lock (_lock) return string.Join(' ', _owned.Keys.Where(owned => !_killed.ContainsKey(owned.Member)).OrderBy(owned => owned.Partition).Select(owned => $"{owned.Partition}={owned.Member}"));
    }

    private static IEnumerable<int> Partitions(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(number => int.Parse(number, CultureInfo.InvariantCulture));

    private void See(string record)
    {
        int colon = record.IndexOf(':', StringComparison.Ordinal);
        _reads++;
        _seen.Add((int.Parse(record.AsSpan(0, colon), CultureInfo.InvariantCulture), long.Parse(record.AsSpan(colon + 1), CultureInfo.InvariantCulture)));
    }

    private void GiveUpAll(string member, long time, bool isLost)
    {
        foreach (int partition in _owned.Keys.Where(owned => owned.Member == member).Select(owned => owned.Partition).ToArray()) GiveUp(member, partition, time, isLost);
    }

    private void GiveUp(string member, int partition, long time, bool isLost)
    {
        if (_owned.Remove((member, partition), out long from)) _tenures.Add(new(partition, member, from, time, isLost));
    }

    private readonly record struct Tenure(int Partition, string Member, long From, long Until, bool IsLost)
    {
        public override string ToString() => $"{Member} owned partition {Partition} from {From / 1_000_000} to {Until / 1_000_000} ms";
    }
}
