using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests.Clients;

/// <summary>A client program that reads as a member of a group.</summary>
internal interface IGroupClient
{
    /// <summary>Joins, reads so many records from where the group stopped, or from the beginning, commits, and leaves.</summary>
    Task<List<ClientRecord>> ConsumeInGroupAsync(BrokerProcess broker, string topic, string group, int count);
}
