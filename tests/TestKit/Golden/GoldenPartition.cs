using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace KBroker.TestKit.Golden;

/// <summary>A partition's directory as Kafka leaves it.</summary>
internal sealed class GoldenPartition(string topic, int partition, params GoldenSegment[] segments)
{
    private const int IndexBytes = 10 * 1024 * 1024;
    private const string BeforeFirstUse = "0\n0\n";

    public string Topic => topic;

    public int Number => partition;

    public string DirectoryName => string.Create(CultureInfo.InvariantCulture, $"{topic}-{partition}");

    /// <summary>The topic's id as <c>partition.metadata</c> says it (from 2.8 on); null for none.</summary>
    public string? TopicId { get; init; }

    /// <summary>The text of <c>leader-epoch-checkpoint</c>, if another than the batches give; null for that.</summary>
    public string? EpochCheckpoint { get; init; }

    /// <summary>Further files of the directory.</summary>
    public IReadOnlyDictionary<string, byte[]> MoreFiles { get; init; } = new Dictionary<string, byte[]>();

    public IReadOnlyList<GoldenSegment> Segments => segments;

    public IEnumerable<GoldenRecord> Records => segments.SelectMany(segment => segment.Records);

    public long EndOffset => segments[^1].EndOffset;

    public long StartOffset => segments[0].BaseOffset;

    /// <summary>The epoch of the last batch; -1 when no batch has one.</summary>
    public int LastEpoch => segments.SelectMany(segment => segment.Batches).Select(batch => batch.Epoch).DefaultIfEmpty(-1).Max();

    /// <summary>The files by name. After an unclean stop the last segment's indexes still have their full size.</summary>
    public IEnumerable<(string Name, byte[] Bytes, long Length)> Files(bool clean)
    {
        foreach (GoldenSegment segment in segments)
        {
            bool growing = !clean && segment == segments[^1];
            string name = segment.BaseOffset.ToString("D20", CultureInfo.InvariantCulture);
            yield return File(name + ".log", segment.Log);
            if (growing)
            {
                yield return (name + ".index", segment.Index, IndexBytes / 8 * 8);
                yield return (name + ".timeindex", segment.GrowingTimeIndex, IndexBytes / 12 * 12);
            }
            else
            {
                yield return File(name + ".index", segment.Index);
                yield return File(name + ".timeindex", segment.TimeIndex);
            }
        }

        yield return File("leader-epoch-checkpoint", Encoding.UTF8.GetBytes(EpochCheckpoint ?? Epochs()));
        if (TopicId is not null) yield return File("partition.metadata", Encoding.UTF8.GetBytes($"version: 0\ntopic_id: {TopicId}"));
        foreach ((string name, byte[] bytes) in MoreFiles) yield return File(name, bytes);
    }

    private static (string, byte[], long) File(string name, byte[] bytes) => (name, bytes, bytes.Length);

    private string Epochs()
    {
        var lines = new List<string>();
        int last = -1;
        foreach (GoldenBatch batch in segments.SelectMany(segment => segment.Batches).Where(batch => batch.Epoch > last))
        {
            last = batch.Epoch;
            // Of a compacted batch the first record may be gone.
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{batch.Epoch} {BinaryPrimitives.ReadInt64BigEndian(batch.Bytes)}\n"));
        }

        return lines.Count == 0 ? BeforeFirstUse : string.Create(CultureInfo.InvariantCulture, $"0\n{lines.Count}\n{string.Concat(lines)}");
    }
}
