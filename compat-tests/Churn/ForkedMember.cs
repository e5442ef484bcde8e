using System.Diagnostics;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Churn;

/// <summary>A member in Python (clients/group_members.py).</summary>
internal sealed class ForkedMember : IChurnMember
{
    private readonly OwnershipHistory _history;
    private readonly ForkServer.ForkedClient _client;

    public ForkedMember(ForkServer server, string function, string name, BrokerProcess broker, MemberSettings settings, OwnershipHistory history)
    {
        Name = name;
        _history = history;
        _client = server.Start(name, function, broker, settings.ToArguments(name), line => history.Add(name, line));
    }

    public string Name { get; }

    public bool CanBeKilled => true;

    public bool CanLeave => true;

    public void Kill()
    {
        _client.Kill();
        _history.Killed(Name, Stopwatch.GetTimestamp());
    }

    public void Leave() => _client.Terminate();

    public async Task WaitAsync()
    {
        ClientLine end = await _client.End.WaitAsync(Deadline.Default);
        if (end.Event == "gone") _history.Died(Name, end.Nanoseconds, "");
    }
}
