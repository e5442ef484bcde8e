namespace KBroker.Compat.Tests.Harness;

/// <summary>What a record batch's header says; the size in bytes includes the header.</summary>
internal sealed record StoredBatch(long BaseOffset, int Size, string Codec, int Records);
