using System.Buffers.Binary;
using KBroker.Broker.Configuration;
using KBroker.Broker.Coordinators;
using KBroker.Broker.Coordinators.Groups;
using KBroker.Broker.Coordinators.Transactions;
using KBroker.Broker.Partitions;
using KBroker.Broker.Tests.Partitions;
using KBroker.LogEngine.Directories;
using KBroker.LogEngine.Indexes;
using KBroker.LogEngine.Producers;
using KBroker.LogEngine.Storage;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Identity;
using KBroker.Protocol.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Producing;

/// <summary>
/// Two partitions of records and one of group offsets on a real disk, written by producers of both protocols through a network that
/// delays every step of a write and every marker. A plain coordinator decides; what the partitions then hold is compared with its
/// decisions.
/// </summary>
internal sealed class TransactionWorld : IDisposable
{
    private static readonly TopicPartition Offsets = new("__consumer_offsets", 0);
    private static readonly TopicPartition[] Data = [new("t", 0), new("t", 1)];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kbroker-txnworld-");
    private readonly Dictionary<TopicPartition, Partition> _partitions = [];
    private readonly Dictionary<TopicPartition, Guid> _ids = [];
    private readonly CompressionCodecs _codecs = new();
    private readonly Random _random;
    private readonly bool _verifies;
    private readonly Client[] _clients;
    private readonly List<Write> _network = [];
    private readonly List<(Transaction Transaction, TopicPartition Partition)> _late = [];
    private readonly List<Accepted> _ledger = [];
    private LogDirectories _logs = null!;
    private CoordinatorShard<GroupShard> _groups = null!;
    private int _term;
    private long _values;

    /// <param name="seed">Repeats a run.</param>
    /// <param name="verifies">False lets every write pass as if its transaction were known: the mutation that the invariants must find.</param>
    public TransactionWorld(int seed, bool verifies)
    {
        _random = new Random(seed);
        _verifies = verifies;
        _clients = [.. Enumerable.Range(0, 4).Select(i => new Client(i, Second: i % 2 == 1))];
        Open();
    }

    public int AcceptedCount => _ledger.Count;

    public int RefusedLate { get; private set; }

    public void Run(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Step();
            if (i % 50 == 49) Check();
        }

        Finish();
    }

    public void Dispose()
    {
        _groups.End(ErrorCode.NotCoordinator);
        _logs.Dispose();
        _codecs.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Step()
    {
        int dice = _random.Next(100);
        if (dice < 40 && _network.Count > 0) Advance(_network[_random.Next(_network.Count)]);
        else if (dice < 65) Deliver(any: true);
        else if (dice < 68 && _late.Count > 0) DeliverLate();
        else if (dice < 70) CommitPlain();
        else if (dice < 71) Restart();
        else Act(_clients[_random.Next(_clients.Length)]);
    }

    private void Act(Client client)
    {
        bool ongoing = client.Current is { Decision: null };
        if (client.Current is { IsComplete: false, Decision: not null } && _random.Next(4) > 0) return;
        if (client.MustBegin)
        {
            if (ongoing) Decide(client, commit: false, fence: true);
            else if (client.Current is null or { IsComplete: true }) client.Begin();
            return;
        }

        if (ongoing && _random.Next(5) == 0)
        {
            bool inFlight = _network.Exists(write => write.Client == client);
            if (inFlight && _random.Next(3) > 0) return;
            // Who gives up on a write aborts. Old clients go on with the same epoch.
            Decide(client, commit: !inFlight && _random.Next(3) > 0, fence: _random.Next(10) == 0);
            client.MustBegin |= inFlight && _random.Next(2) == 0;
            return;
        }

        TopicPartition partition = _random.Next(4) == 0 ? Offsets : Data[_random.Next(Data.Length)];
        if (_network.Exists(write => write.Client == client && write.Partition == partition && write.Epoch == client.Epoch)) return;
        if (!client.Second && Join(client, client.Epoch, partition, add: true) != ErrorCode.None) return;
        _network.Add(new Write(client, client.Epoch, partition, client.Sequences.GetValueOrDefault(partition), ++_values));
    }

    /// <summary>The coordinator's answer about a partition.</summary>
    private static ErrorCode Join(Client client, short epoch, TopicPartition partition, bool add)
    {
        if (epoch != client.CoordinatorsEpoch) return ErrorCode.ProducerFenced;
        if (client.Current is { Decision: not null, IsComplete: false }) return ErrorCode.ConcurrentTransactions;
        bool ongoing = client.Current is { Decision: null };
        if (!add) return ongoing && client.Current!.Partitions.Contains(partition) ? ErrorCode.None : ErrorCode.TransactionAbortable;
        if (!ongoing) client.Current = new Transaction(client, epoch);
        client.Current!.Partitions.Add(partition);
        return ErrorCode.None;
    }

    private static void Decide(Client client, bool commit, bool fence)
    {
        Transaction transaction = client.Current!;
        transaction.Decision = commit;
        transaction.MarkerEpoch = (short)(transaction.Epoch + (client.Second || fence ? 1 : 0));
        client.CoordinatorsEpoch = transaction.MarkerEpoch;
        if (client.Second && !fence) client.GoOn();
        else if (fence) client.MustBegin = true;
    }

    /// <summary>One step of a write on its way.</summary>
    private void Advance(Write write)
    {
        Partition partition = _partitions[write.Partition];
        switch (write.Stage++)
        {
            case 0:
                ErrorCode started = partition.StartVerification(write.Client.Id, write.Epoch, write.IsOffset ? -1 : write.Sequence, write.Client.Second, out write.Guard);
                if (started != ErrorCode.None) Fail(write);
                else if (write.Guard == 0) write.Stage = 2;
                return;
            case 1:
                ErrorCode answer = Join(write.Client, write.Epoch, write.Partition, write.Client.Second);
                if (answer != ErrorCode.None) Fail(write);
                return;
            default:
                Append(write, partition);
                return;
        }
    }

    private void Append(Write write, Partition partition)
    {
        _network.Remove(write);
        ErrorCode error;
        long offset;
        if (write.IsOffset)
        {
            offset = partition.Log.LogEndOffset;
            error = Commit(write.Value, new TransactionalProducer(write.Client.Id, write.Epoch) { MustBeVerified = _verifies, VerificationGuard = write.Guard });
        }
        else
        {
            PartitionAppendResult result = partition.AppendAsLeader(
                Batch(write), allReplicas: true, new AppendTerms(AppendOrigin.Client) { MustBeVerified = _verifies, VerificationGuard = write.Guard });
            (error, offset) = (result.Error, result.BaseOffset);
        }

        if (error != ErrorCode.None)
        {
            RefusedLate++;
            write.Client.MustBegin |= write.Epoch == write.Client.Epoch;
            return;
        }

        if (write.Epoch == write.Client.Epoch && write.Sequence == write.Client.Sequences.GetValueOrDefault(write.Partition)) write.Client.Sequences[write.Partition] = write.Sequence + 1;
        // A repetition is answered as the first time.
        if (_ledger.Exists(accepted => accepted.Partition == write.Partition && accepted.Offset == offset)) return;
        Transaction? transaction = write.Client.Current;
        Assert.True(
            transaction is not null && transaction.Epoch == write.Epoch && transaction.Partitions.Contains(write.Partition) && !transaction.Marked.Contains(write.Partition),
            $"{write.Partition} took a record at {offset} of a transaction that nobody will end there");
        _ledger.Add(new Accepted(write.Partition, offset, write.Value, transaction));
    }

    private void Fail(Write write)
    {
        _network.Remove(write);
        if (write.Epoch == write.Client.Epoch && write.Client.Current is not { Decision: not null, IsComplete: false }) write.Client.MustBegin = true;
    }

    /// <summary>A marker reaches a partition; sometimes the coordinator does not hear of it and sends it again.</summary>
    private void Deliver(bool any)
    {
        Transaction[] ending = [.. _clients.Select(client => client.Current).OfType<Transaction>().Where(one => one is { Decision: not null, IsComplete: false })];
        if (ending.Length == 0) return;
        Transaction transaction = ending[_random.Next(ending.Length)];
        TopicPartition[] left = [.. transaction.Partitions.Where(partition => !transaction.Confirmed.Contains(partition))];
        TopicPartition to = left[_random.Next(left.Length)];
        Assert.Equal(ErrorCode.None, Mark(transaction, to));
        transaction.Marked.Add(to);
        if (!any || _random.Next(5) > 0) transaction.Confirmed.Add(to);
        if (transaction.Client.Second && _random.Next(3) == 0) _late.Add((transaction, to));
    }

    /// <summary>A repetition of a marker of the second protocol comes when the producer may be in its next transaction.</summary>
    private void DeliverLate()
    {
        (Transaction transaction, TopicPartition partition) = _late[_random.Next(_late.Count)];
        ErrorCode error = Mark(transaction, partition);
        Assert.Contains(error, new[] { ErrorCode.None, ErrorCode.InvalidProducerEpoch });
        if (error != ErrorCode.None) return;
        Assert.DoesNotContain(_ledger, accepted => accepted.Partition == partition && accepted.Transaction is { } of
            && of.Client == transaction.Client && of != transaction && !of.Marked.Contains(partition));
    }

    private ErrorCode Mark(Transaction transaction, TopicPartition partition)
    {
        var end = new TransactionEnd(
            transaction.Client.Id, transaction.MarkerEpoch, transaction.Decision == true, 0, [partition], transaction.Client.Second ? 2 : 1);
        if (partition == Offsets) return Ask<ErrorCode>(answer => _groups.CompleteTransaction(end, answer));
        return _partitions[partition].AppendAsLeader(
            TransactionMarkers.ToBatch(end, TimeProvider.System),
            allReplicas: true,
            new AppendTerms(AppendOrigin.Coordinator) { MarkerRaisesEpoch = end.RaisesEpoch }).Error;
    }

    private void CommitPlain()
    {
        long offset = _partitions[Offsets].Log.LogEndOffset;
        long value = ++_values;
        Assert.Equal(ErrorCode.None, Commit(value, null));
        _ledger.Add(new Accepted(Offsets, offset, value, null));
    }

    private ErrorCode Commit(long value, TransactionalProducer? producer) => Ask<ErrorCode>(answer => _groups.Run(
        shard => shard.Commit(
            "g", new OffsetCommitter("", null, -1), -1, [new OffsetToCommit(KeyOf(value), value, -1, "")], errors => answer(errors[0]), producer),
        answer));

    /// <summary>The loop of the groups may be another thread's, which has just loaded them.</summary>
    private static T Ask<T>(Action<Action<T>> ask)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        ask(answer.SetResult);
        return answer.Task.Wait(TimeSpan.FromSeconds(20)) ? answer.Task.Result : throw new TimeoutException("the groups do not answer");
    }

    private static OffsetKey KeyOf(long value) => new("t", (int)(value % 3));

    private void Finish()
    {
        foreach (Write write in _network.ToArray())
        {
            while (_network.Contains(write)) Advance(write);
        }

        foreach (Client client in _clients)
        {
            if (client.Current is { Decision: null }) Decide(client, _random.Next(2) == 0, fence: false);
        }

        while (_clients.Any(client => client.Current is { IsComplete: false })) Deliver(any: false);
        Check();
        Restart();
        Check();
        foreach (Partition partition in _partitions.Values)
        {
            Assert.Equal(partition.Log.LogEndOffset, partition.LastStableOffset);
            Assert.All(partition.Log.ActiveProducers(), producer => Assert.Equal(-1, producer.TransactionStart));
        }
    }

    private void Check()
    {
        foreach (TopicPartition partition in Data)
        {
            long stable = _partitions[partition].LastStableOffset;
            Accepted[] below = [.. _ledger.Where(one => one.Partition == partition && one.Offset < stable).OrderBy(one => one.Offset)];
            Assert.All(below, one => Assert.True(one.Transaction!.Marked.Contains(partition), $"{partition}: {one.Offset} below the last stable offset is of an open transaction"));
            Assert.Equal(below.Where(one => one.Transaction!.Decision == true).Select(one => one.Value), ReadCommitted(_partitions[partition]));
        }

        Accepted[] commits = [.. _ledger.Where(one => one.Partition == Offsets).OrderBy(one => one.Offset)];
        foreach (OffsetKey key in Enumerable.Range(0, 3).Select(i => KeyOf(i)))
        {
            Accepted? last = commits.LastOrDefault(one => KeyOf(one.Value) == key && (one.Transaction is null || (one.Transaction.Decision == true && one.Transaction.Marked.Contains(Offsets))));
            bool isOpen = Array.Exists(commits, one => KeyOf(one.Value) == key && one.Transaction is { } of && !of.Marked.Contains(Offsets));
            (long, bool) found = Ask<(long, bool)>(answer => _groups.Run(
                shard => answer((shard.Offsets.TryGet("g", key, out CommittedOffset? offset) ? offset.Offset : -1, shard.Offsets.IsOpen("g", key))),
                error => answer(((long)error, false))));
            Assert.Equal((last?.Value ?? -1, isOpen), found);
        }
    }

    private static List<long> ReadCommitted(Partition partition)
    {
        var values = new List<long>();
        long next = 0;
        while (next < partition.LastStableOffset)
        {
            PartitionReadResult read = partition.Read(new PartitionReadRequest(
                next, 1 << 20, MinOneBatch: true, ReadIsolation.ReadCommitted, LeaderEpoch.Unknown, LeaderEpoch.Unknown));
            Assert.Equal(ErrorCode.None, read.Error);
            var bytes = new byte[read.Records!.Length];
            using (read.Records) read.Records.CopyTo(bytes);
            var ahead = new Queue<AbortedTransaction>((read.AbortedTransactions ?? []).OrderBy(one => one.FirstOffset));
            var aborted = new HashSet<long>();
            var batches = new RecordBatchEnumerator(bytes);
            while (batches.MoveNext())
            {
                next = batches.Current.LastOffset + 1;
                while (ahead.TryPeek(out AbortedTransaction one) && one.FirstOffset <= batches.Current.LastOffset) aborted.Add(ahead.Dequeue().ProducerId);
                var header = new RecordBatchHeader(batches.CurrentBytes);
                if (header.IsControl)
                {
                    if (EndTransactionMarker.TryRead(batches.CurrentBytes, out EndTransactionMarker marker) && !marker.IsCommit) aborted.Remove(header.ProducerId);
                }
                else if (!aborted.Contains(header.ProducerId))
                {
                    values.AddRange(Handlers.Records.Read(batches.CurrentBytes.ToArray()).Select(record => BinaryPrimitives.ReadInt64BigEndian(record.Value)));
                }
            }
        }

        return values;
    }

    private static byte[] Batch(Write write)
    {
        byte[] value = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(value, write.Value);
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = write.Client.Id,
            ProducerEpoch = write.Epoch,
            BaseSequence = write.Sequence,
            IsTransactional = true,
        });
        builder.Append(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), [1], value);
        return builder.ToArray();
    }

    /// <summary>The broker dies, and with it all connections; what it had on its disk and the coordinator's decisions stay.</summary>
    private void Restart()
    {
        foreach (Write write in _network) write.Client.MustBegin |= write.Epoch == write.Client.Epoch;
        _network.Clear();
        _groups.End(ErrorCode.NotCoordinator);
        _logs.Dispose();
        Open();
    }

    private void Open()
    {
        _term++;
        _logs = LogDirectories.Open(
            [new LogDirectoryOptions { Path = _directory.FullName, BrokerId = PartitionRig.Self, ClusterId = "IfYzruiMS525FeTJ_tON0g" }],
            new PhysicalLogFileSystem(),
            TimeProvider.System,
            new Random(1),
            NullLogger.Instance);
        PartitionSettings settings = TopicSettings.From(BrokerConfig.FromSettings().TopicDefaults.Resolve(new Dictionary<string, string>()));
        foreach (TopicPartition at in Data.Append(Offsets))
        {
            if (!_ids.TryGetValue(at, out Guid id)) _ids[at] = id = at.Topic == "t" && _ids.TryGetValue(Data[0], out Guid first) ? first : Guid.NewGuid();
            var partition = new Partition(PartitionRig.Self, id, _logs.GetOrCreate(at, id, settings.Log), 0, settings);
            partition.Apply(PartitionRig.Leader(_term, PartitionRig.Self));
            _partitions[at] = partition;
        }

        var config = new GroupConfig();
        _groups = new CoordinatorShard<GroupShard>(
            _partitions[Offsets],
            new LeaderEpoch(_term),
            term => new GroupShard(new GroupServices(term.Log, term.Timers, () => config, () => 0, Guid.NewGuid)),
            new CoordinatorLoader(_codecs, NullLogger.Instance),
            TimeSpan.FromSeconds(5),
            TimeProvider.System,
            NullLogger.Instance);
        _groups.Load();
        SpinWait.SpinUntil(() => _groups.Refusal != ErrorCode.CoordinatorLoadInProgress, TimeSpan.FromSeconds(20));
        Assert.Equal(ErrorCode.None, _groups.Refusal);
    }

    private sealed record Accepted(TopicPartition Partition, long Offset, long Value, Transaction? Transaction);

    private sealed class Transaction(Client client, short epoch)
    {
        public Client Client => client;

        public short Epoch => epoch;

        public short MarkerEpoch { get; set; }

        public bool? Decision { get; set; }

        public HashSet<TopicPartition> Partitions { get; } = [];

        /// <summary>Where the marker is in the log.</summary>
        public HashSet<TopicPartition> Marked { get; } = [];

        /// <summary>Where the coordinator knows of it.</summary>
        public HashSet<TopicPartition> Confirmed { get; } = [];

        public bool IsComplete => Decision is not null && Confirmed.Count == Partitions.Count;
    }

    private sealed record Client(long Id, bool Second)
    {
        /// <summary>The epoch that the client writes with.</summary>
        public short Epoch { get; private set; }

        /// <summary>The epoch that the coordinator takes.</summary>
        public short CoordinatorsEpoch { get; set; }

        public Transaction? Current { get; set; }

        /// <summary>Whether it must ask for an epoch before it can go on.</summary>
        public bool MustBegin { get; set; }

        public Dictionary<TopicPartition, int> Sequences { get; } = [];

        public void Begin()
        {
            CoordinatorsEpoch++;
            MustBegin = false;
            GoOn();
        }

        public void GoOn()
        {
            Epoch = CoordinatorsEpoch;
            Sequences.Clear();
        }
    }

    private sealed class Write(Client client, short epoch, TopicPartition partition, int sequence, long value)
    {
        public Client Client => client;

        public short Epoch => epoch;

        public TopicPartition Partition => partition;

        public int Sequence => sequence;

        public long Value => value;

        public bool IsOffset => partition == Offsets;

        public int Stage { get; set; }

        public long Guard;
    }
}
