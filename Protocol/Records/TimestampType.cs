namespace KBroker.Protocol.Records;

/// <summary>What a batch's timestamps are (KIP-32): bit 3 of its attributes, and the topic's <c>message.timestamp.type</c>.</summary>
public enum TimestampType : byte
{
    /// <summary>Set by the producer.</summary>
    CreateTime = 0,

    /// <summary>Set by the leader when it appends: every record of the batch then has the batch's max timestamp.</summary>
    LogAppendTime = 1,
}
