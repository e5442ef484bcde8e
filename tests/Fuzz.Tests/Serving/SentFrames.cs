namespace KBroker.Fuzz.Tests.Serving;

/// <summary>The last frames of all workers: when something shows, one of them is to blame.</summary>
internal sealed class SentFrames
{
    private const int Kept = 400;

    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _last = new();

    public long Count { get; private set; }

    public void Add(IReadOnlyList<byte[]> frames)
    {
        lock (_gate)
        {
            Count += frames.Count;
            foreach (byte[] frame in frames)
            {
                if (_last.Count == Kept) _last.Dequeue();
                _last.Enqueue(frame);
            }
        }
    }

    public byte[][] Last()
    {
        lock (_gate) return [.. _last];
    }
}
