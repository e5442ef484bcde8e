using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Compares records as produced with records as read.</summary>
internal static class RecordAssert
{
    /// <summary>The same records, in everything a client can see.</summary>
    public static void Same(IEnumerable<ClientRecord> expected, IEnumerable<ClientRecord> actual) =>
        Assert.Equal(expected.Select(record => record.Canonical()), actual.Select(record => record.Canonical()));

    /// <summary>
    /// Every produced record was read once, byte for byte; each key lives in one partition; each partition has its records in the order in
    /// which they were produced, at the offsets 0, 1, 2 and so on.
    /// </summary>
    public static void EveryPartitionHoldsItsKeysInOrder(IReadOnlyList<ClientRecord> produced, IReadOnlyList<ClientRecord> read)
    {
        Assert.Equal(produced.Count, read.Count);
        var partitionOf = new Dictionary<string, int>();
        foreach (ClientRecord record in read)
            Assert.Equal(record.Partition, partitionOf.TryAdd(record.KeyText, record.Partition) ? record.Partition : partitionOf[record.KeyText]);

        ILookup<int, ClientRecord> expected = produced.ToLookup(record => partitionOf[record.KeyText]);
        foreach (IGrouping<int, ClientRecord> partition in read.GroupBy(record => record.Partition))
        {
            List<ClientRecord> wanted = [.. expected[partition.Key]];
            List<ClientRecord> found = [.. partition];
            Assert.Equal(wanted.Count, found.Count);
            for (int i = 0; i < found.Count; i++)
            {
                bool isSame = found[i].Offset == i && found[i].Timestamp > 0
                    && found[i].Key.AsSpan().SequenceEqual(wanted[i].Key) && found[i].Value.AsSpan().SequenceEqual(wanted[i].Value);
                Assert.True(isSame, $"Expected at offset {i}: {wanted[i].Canonical()}\nRead: {found[i].Canonical()}");
            }
        }
    }
}
