using System.Globalization;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Churn;

/// <summary>
/// A balanced consumer of kcat. When it is asked to leave it commits also what it took and does not print any more, so it leaves in order
/// only at the end.
/// </summary>
internal sealed class KcatMember : IChurnMember, IDisposable
{
    private readonly OwnershipHistory _history;
    private readonly ProgramProcess _process;

    public KcatMember(string name, BrokerProcess broker, MemberSettings settings, OwnershipHistory history)
    {
        Name = name;
        _history = history;
        _process = new ProgramProcess(
            "kcat",
            [
                "-b", broker.Bootstrap, "-G", settings.Group, "-q", "-u", "-f", "seen %p:%o\n", "-X", "auto.offset.reset=earliest",
                "-X", $"partition.assignment.strategy={settings.Strategy}", "-X", string.Create(CultureInfo.InvariantCulture, $"session.timeout.ms={settings.SessionMs}"),
                "-X", string.Create(CultureInfo.InvariantCulture, $"heartbeat.interval.ms={settings.HeartbeatMs}"), "-X", "auto.commit.interval.ms=200",
                "-X", "reconnect.backoff.ms=20", "-X", "reconnect.backoff.max.ms=200", settings.Topic,
            ],
            OnLine);
    }

    public string Name { get; }

    public bool CanBeKilled => true;

    public bool CanLeave => false;

    public void Kill() => _process.Kill();

    public void Leave() => _process.Terminate();

    public Task WaitAsync() => _process.WaitForExitAsync();

    public void Dispose() => _process.Dispose();

    // When it got and gave up its partitions it does not tell in time.
    private void OnLine(string line)
    {
        if (line.StartsWith("seen ", StringComparison.Ordinal)) _history.Add(Name, new("seen", 0, line["seen ".Length..]));
    }
}
