using KBroker.Broker.Connections;
using KBroker.Broker.Handlers;
using KBroker.Broker.Tests.Connections;
using KBroker.Protocol.Messages;
using KBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace KBroker.Broker.Tests.Hostile;

public sealed class AcceptTests
{
    [Fact]
    public async Task Accept_FirstRequestThereAlreadyAndSlow_OthersAreAccepted()
    {
        using var release = new ManualResetEventSlim();
        ScriptedHandler slow = ScriptedHandler.Heartbeat((_, _) =>
        {
            release.Wait();
            return new(PendingResponse.None);
        });
        var transport = new InMemoryListener();
        HandlerTable table = HandlerTable.Create([slow], served => new ApiVersionsHandler(served, null, -1));
        await using var listener = new KafkaListener(
            transport, new ListenerOptions("MEMORY", "", 0), table, new ConnectionOptions(), new ConnectionQuota(9, 9), TimeProvider.System,
            NullLogger<KafkaListener>.Instance);
        await using RawClient first = transport.Connect();
        await first.SendAsync(ScriptedHandler.Request(0), 3);
        await using RawClient second = transport.Connect();
        try
        {
            _ = Task.Run(listener.Start);
            await second.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        }
        finally
        {
            release.Set();
        }
    }
}
