namespace KBroker.TestKit.Golden;

/// <summary>
/// A segment as Kafka's broker makes it: an index entry before the first append after every 4096 bytes, which names the append's last
/// offset and where the append starts; with it the largest timestamp so far; a last time entry when the segment ends. An append is one
/// batch for a leader and as many as a fetch brought for a follower.
/// </summary>
internal sealed class GoldenSegment(long baseOffset)
{
    private const int IndexInterval = 4096;
    private readonly List<byte> _log = [];
    private readonly List<byte> _index = [];
    private readonly List<byte> _timeIndex = [];
    private readonly List<GoldenBatch> _batches = [];
    private long _largest = -1;
    private long _largestOffset;
    private long _lastTimeEntry = -1;
    private int _sinceEntry;

    public long BaseOffset => baseOffset;

    public IReadOnlyList<GoldenBatch> Batches => _batches;

    public IEnumerable<GoldenRecord> Records => _batches.SelectMany(batch => batch.Records);

    public long EndOffset => _batches.Count == 0 ? baseOffset : _batches[^1].LastOffset + 1;

    public byte[] Log => [.. _log];

    public byte[] Index => [.. _index];

    /// <summary>The time index with the entry that the end of the segment adds, unless it is there.</summary>
    public byte[] TimeIndex => _largest > _lastTimeEntry ? [.. _timeIndex, .. TimeEntry()] : [.. _timeIndex];

    /// <summary>The time index as it is while the segment grows.</summary>
    public byte[] GrowingTimeIndex => [.. _timeIndex];

    /// <summary>One append of these batches.</summary>
    public GoldenSegment Append(params GoldenBatch[] batches)
    {
        foreach (GoldenBatch batch in batches)
        {
            if (batch.MaxTimestamp <= _largest) continue;
            _largest = batch.MaxTimestamp;
            _largestOffset = batch.LastOffset;
        }

        if (_sinceEntry > IndexInterval)
        {
            _index.AddRange([.. GoldenBytes.Int((int)(batches[^1].LastOffset - baseOffset)), .. GoldenBytes.Int(_log.Count)]);
            if (_largest > _lastTimeEntry)
            {
                _timeIndex.AddRange(TimeEntry());
                _lastTimeEntry = _largest;
            }

            _sinceEntry = 0;
        }

        foreach (GoldenBatch batch in batches)
        {
            _log.AddRange(batch.Bytes);
            _sinceEntry += batch.Bytes.Length;
            _batches.Add(batch);
        }

        return this;
    }

    private byte[] TimeEntry() => [.. GoldenBytes.Long(_largest), .. GoldenBytes.Int((int)(_largestOffset - baseOffset))];
}
