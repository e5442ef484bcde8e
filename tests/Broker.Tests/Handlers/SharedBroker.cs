namespace KBroker.Broker.Tests.Handlers;

/// <summary>One broker for all tests of a class: each works on topics of its own.</summary>
public sealed class SharedBroker : IAsyncLifetime
{
    private BrokerRig? _rig;

    internal BrokerRig Rig => _rig!;

    public async Task InitializeAsync() => _rig = await BrokerRig.StartAsync();

    public async Task DisposeAsync() => await _rig!.DisposeAsync();
}
