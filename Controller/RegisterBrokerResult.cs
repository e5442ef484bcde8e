using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Controller;

/// <summary>What became of a registration.</summary>
/// <param name="Error">None, or DUPLICATE_BROKER_REGISTRATION if another live broker has the id.</param>
/// <param name="Epoch">The incarnation; -1 on error.</param>
public readonly record struct RegisterBrokerResult(ErrorCode Error, BrokerEpoch Epoch);
