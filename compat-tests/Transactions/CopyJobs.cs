using System.Globalization;
using KBroker.Compat.Tests.Harness;
using KBroker.Compat.Tests.Histories;

namespace KBroker.Compat.Tests.Transactions;

/// <summary>
/// Some processes of one consume-transform-produce job (clients/transaction_jobs.py) in one group, each with a transactional id and a
/// group instance id of its own; who dies comes back under both.
/// </summary>
internal sealed class CopyJobs : IDisposable
{
    private readonly BrokerProcess _broker;
    private readonly HistoryRecorder _recorder;
    private readonly CopySettings _settings;
    private readonly ForkServer _server = new("transaction_jobs");
    private readonly Slot[] _slots;
    private readonly Lock _lock = new();
    private readonly List<string> _failures = [];
    private int _lives;

    public CopyJobs(BrokerProcess broker, HistoryRecorder recorder, CopySettings settings, int count)
    {
        _broker = broker;
        _recorder = recorder;
        _settings = settings;
        _slots = [.. Enumerable.Range(0, count).Select(number => new Slot(number))];
        foreach (Slot slot in _slots) Start(slot);
    }

    public int Count => _slots.Length;

    /// <summary>What jobs said that ended by themselves.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_lock) return [.. _failures];
        }
    }

    /// <summary>How many transactions the present process of a slot has begun.</summary>
    public int Begun(int slot)
    {
        lock (_lock) return _slots[slot].Begun;
    }

    /// <summary>kill -9, and the next process of the same ids at once.</summary>
    public void KillAndStartAgain(int slot)
    {
        ForkServer.ForkedClient client;
        lock (_lock)
        {
            client = _slots[slot].Client!;
            _slots[slot].Client = null;
        }

        client.Kill();
        Start(_slots[slot]);
    }

    /// <summary>kill -9, and the next process has new ids: the group and the broker must find out by the clock that the old one is gone.</summary>
    public void Replace(int slot)
    {
        lock (_lock) _slots[slot].Ids++;
        KillAndStartAgain(slot);
    }

    public async Task StopAsync()
    {
        ForkServer.ForkedClient[] clients;
        lock (_lock)
        {
            clients = [.. _slots.Select(slot => slot.Client!)];
            foreach (Slot slot in _slots) slot.Client = null;
        }

        foreach (ForkServer.ForkedClient client in clients) client.Terminate();
        await Task.WhenAll(clients.Select(client => client.End)).WaitAsync(Deadline.Default);
    }

    public void Dispose() => _server.Dispose();

    private void Start(Slot slot)
    {
        lock (_lock)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"job{slot.Number}.{++_lives}");
            string id = string.Create(CultureInfo.InvariantCulture, $"copy-{slot.Number}.{slot.Ids}");
            slot.Begun = 0;
            slot.Client = _server.Start(name, "copy", _broker, _settings.ToArguments(name, id), line => OnLine(slot, name, line));
        }
    }

    private void OnLine(Slot slot, string name, ClientLine line)
    {
        string[] words = line.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (line.Event)
        {
            case "begin":
                lock (_lock)
                {
                    if (slot.Client?.Name == name) slot.Begun++;
                }

                (Place, string)[] writes = [.. words.Skip(1).Select(ParseWrite)];
                _recorder.Begin(name, Number(words[0]), writes, [.. writes.Select(write => write.Item2.Split('|')[0]).Where(read => read != "audit")]);
                break;
            case "committing":
                _recorder.Committing(name, Number(words[0]), line.Nanoseconds);
                break;
            case "committed":
                _recorder.End(name, Number(words[0]), TransactionOutcome.Committed);
                break;
            case "aborted":
                _recorder.End(name, Number(words[0]), TransactionOutcome.Aborted);
                break;
            case "failed":
                lock (_lock)
                {
                    _failures.Add($"{name}: {line.Text}");
                    if (slot.Client?.Name != name) return;
                }

                // Not on the thread that brings the lines: it brings the number of the next process, too.
                _ = Task.Run(() => Start(slot));
                break;
        }
    }

    private static int Number(string transaction) =>
        int.Parse(transaction.AsSpan(transaction.LastIndexOf('.') + 1), CultureInfo.InvariantCulture);

    private static (Place, string) ParseWrite(string text)
    {
        string[] parts = text.Split('/', 3);
        return (new(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture)), parts[2]);
    }

    private sealed class Slot(int number)
    {
        public int Number => number;

        public int Ids { get; set; }

        public int Begun { get; set; }

        public ForkServer.ForkedClient? Client { get; set; }
    }
}
