namespace KBroker.Compat.Tests.Clients;

/// <summary>What a client learns from ListOffsets; a time after the last record has no offset.</summary>
internal sealed record PartitionOffsets(long Beginning, long End, IReadOnlyList<long?> Times);
