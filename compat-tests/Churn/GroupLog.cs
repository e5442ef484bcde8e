using System.Buffers.Binary;
using System.Text;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Churn;

/// <summary>
/// The history of a group as its records in <c>__consumer_offsets</c> tell it, in Kafka's form: each generation with the partitions of
/// its members, and each committed offset.
/// </summary>
internal sealed class GroupLog
{
    private GroupLog(IReadOnlyList<Generation> generations, IReadOnlyList<Commit> commits)
    {
        Generations = generations;
        Commits = commits;
    }

    /// <summary>In the order of the log; a generation can be there more than once.</summary>
    public IReadOnlyList<Generation> Generations { get; }

    /// <summary>In the order of the log.</summary>
    public IReadOnlyList<Commit> Commits { get; }

    public static async Task<GroupLog> ReadAsync(BrokerProcess broker, string group)
    {
        var generations = new List<Generation>();
        var commits = new List<Commit>();
        foreach (ClientRecord record in await new Dotnet().ConsumeAsync(broker, "__consumer_offsets"))
        {
            var key = new Reader(record.Key!);
            int version = key.Short();
            if (version > 2 || key.String() != group || record.Value is null) continue;
            var value = new Reader(record.Value);
            if (version == 2) generations.Add(ReadGeneration(ref value));
            else commits.Add(ReadCommit(ref key, ref value));
        }

        return new(generations, commits);
    }

    /// <summary>What must not be: a partition with two owners in a generation, a generation or an offset that goes back.</summary>
    public IReadOnlyList<string> Violations()
    {
        var found = new List<string>();
        int last = -1;
        foreach (Generation generation in Generations)
        {
            if (generation.Id < last) found.Add($"generation {generation.Id} follows {last}");
            last = generation.Id;
            foreach (IGrouping<(string, int), (string Member, (string, int) Partition)> owners in generation.Owners.GroupBy(owner => owner.Partition).Where(owners => owners.Count() > 1))
                found.Add($"in generation {generation.Id} {owners.Key} belongs to {string.Join(" and ", owners.Select(owner => owner.Member))}");
        }

        foreach (IGrouping<int, Commit> partition in Commits.GroupBy(commit => commit.Partition))
        {
            long before = -1;
            foreach (Commit commit in partition)
            {
                if (commit.Offset < before) found.Add($"the committed offset of partition {partition.Key} goes from {before} to {commit.Offset}");
                before = commit.Offset;
            }
        }

        return found;
    }

    private static Commit ReadCommit(ref Reader key, ref Reader value)
    {
        key.String();
        int partition = key.Int();
        value.Short();
        return new(partition, value.Long());
    }

    private static Generation ReadGeneration(ref Reader value)
    {
        int version = value.Short();
        Assert.InRange(version, 1, 3);
        value.String();
        int id = value.Int();
        value.String();
        value.String();
        if (version >= 2) value.Long();
        var owners = new List<(string, (string, int))>();
        int members = value.Int();
        for (int left = members; left > 0; left--)
        {
            string member = value.String()!;
            if (version >= 3) value.String();
            value.String();
            value.String();
            value.Int();
            value.Int();
            value.Bytes();
            owners.AddRange(ReadAssignment(value.Bytes()).Select(partition => (member, partition)));
        }

        return new(id, members, owners);
    }

    // The form that consumers gave each other long before the broker could read it.
    private static List<(string, int)> ReadAssignment(byte[] bytes)
    {
        var partitions = new List<(string, int)>();
        if (bytes.Length == 0) return partitions;
        var assignment = new Reader(bytes);
        assignment.Short();
        for (int topics = assignment.Int(); topics > 0; topics--)
        {
            string topic = assignment.String()!;
            for (int count = assignment.Int(); count > 0; count--) partitions.Add((topic, assignment.Int()));
        }

        return partitions;
    }

    /// <summary>A generation of the group as it was written: how many members, and who owned what.</summary>
    internal sealed record Generation(int Id, int Members, IReadOnlyList<(string Member, (string Topic, int Partition) Partition)> Owners);

    /// <summary>A committed offset.</summary>
    internal readonly record struct Commit(int Partition, long Offset);

    private ref struct Reader(byte[] bytes)
    {
        private int _position;

        public int Short() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

        public int Int() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

        public long Long() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

        public string? String()
        {
            int length = Short();
            return length < 0 ? null : Encoding.UTF8.GetString(Take(length));
        }

        public byte[] Bytes()
        {
            int length = Int();
            return length < 0 ? [] : Take(length).ToArray();
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            _position += length;
            return bytes.AsSpan(_position - length, length);
        }
    }
}
