namespace KBroker.Cli.Client;

/// <summary>What one fetch brought of one partition: whole batches, not decoded yet.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Position">The first offset that is asked for; batches may begin before it.</param>
/// <param name="Batches">The batches, one after the other.</param>
/// <param name="Aborted">The aborted transactions among them, for a consumer that reads committed records only; else null.</param>
public sealed record FetchedRecords(int Partition, long Position, ReadOnlyMemory<byte> Batches, AbortedTransactions? Aborted);
