namespace KBroker.Cli.Client;

/// <summary>Records that were not delivered.</summary>
/// <param name="Partition">Their partition; -1 when they had none yet.</param>
/// <param name="RecordCount">How many there are.</param>
/// <param name="Reason">Why.</param>
public sealed record DeliveryError(int Partition, int RecordCount, ClientException Reason);
