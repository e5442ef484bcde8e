using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Broker.Tests.Handlers;

public sealed class InitProducerIdHandlerTests
{
    [Fact]
    public async Task InitProducerId_NoTransactionalId_GivesEachCallAnIdOfItsOwn()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        var ids = new HashSet<long>();
        for (short version = 0; version <= 5; version++)
        {
            InitProducerIdResponse response = await rig.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 1000 }, version);
            Assert.Equal((ErrorCode.None, (short)0), (response.ErrorCode, response.ProducerEpoch));
            Assert.True(ids.Add(response.ProducerId));
        }

        // A producer that lost a sequence and names what it had is given a new id (KIP-360).
        InitProducerIdResponse again = await rig.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = null, ProducerId = ids.First(), ProducerEpoch = 0 }, 4);
        Assert.Equal((ErrorCode.None, (short)0), (again.ErrorCode, again.ProducerEpoch));
        Assert.True(ids.Add(again.ProducerId));
    }

    [Fact]
    public async Task InitProducerId_AfterACrash_GivesNoIdAgain()
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        var ids = new HashSet<long>();
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 700; i++)
                Assert.True(ids.Add((await rig.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = null }, 4)).ProducerId));
            await rig.CrashAndRestartAsync();
        }
    }

    [Theory]
    [InlineData(5, -1)]
    [InlineData(-1, 5)]
    public async Task InitProducerId_HalfAnIdentity_IsRefused(long producerId, short epoch)
    {
        await using BrokerRig rig = await BrokerRig.StartAsync();
        InitProducerIdResponse response = await rig.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = null, ProducerId = producerId, ProducerEpoch = epoch }, 4);
        Assert.Equal((ErrorCode.InvalidRequest, -1, (short)-1), (response.ErrorCode, response.ProducerId, response.ProducerEpoch));
    }
}
