namespace KBroker.LogEngine.Tests.Support;

/// <summary>
/// A file or directory of <see cref="InMemoryLogFileSystem"/>: what it holds, and what of it is durable. Bytes past those written
/// are zeros, as in a sparse file. All use is under the lock of the file system.
/// </summary>
internal sealed class MemoryNode(bool isDirectory)
{
    private readonly List<Change> _unflushed = [];
    private byte[] _bytes = [];
    private byte[] _durable = [];
    private long _durableLength;
    private long _reserved;

    public bool IsDirectory => isDirectory;

    /// <summary>The names in a directory.</summary>
    public Dictionary<string, MemoryNode> Entries { get; private set; } = [];

    /// <summary>The names that a power loss leaves.</summary>
    public Dictionary<string, MemoryNode> DurableEntries { get; } = [];

    public long Length { get; private set; }

    /// <summary>When it was last changed; outlasts a power loss.</summary>
    public long ModifiedMs { get; set; }

    /// <summary>The bytes that take room on the disk.</summary>
    public long Occupied => Math.Max(_bytes.Length, _reserved);

    public static MemoryNode Directory() => new(true);

    public static MemoryNode File() => new(false);

    public int Read(Span<byte> buffer, long position)
    {
        int count = (int)Math.Clamp(Length - position, 0, buffer.Length);
        buffer = buffer[..count];
        buffer.Clear();
        if (position < _bytes.Length) _bytes.AsSpan((int)position, (int)Math.Min(count, _bytes.Length - position)).CopyTo(buffer);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        Apply(ref _bytes, bytes, position);
        Length = Math.Max(Length, position + bytes.Length);
        _unflushed.Add(new Change(position, bytes.ToArray(), Length));
    }

    /// <summary>Takes room up to a position past which nothing may be written yet.</summary>
    public void Reserve(long end) => _reserved = Math.Max(_reserved, end);

    public void SetLength(long length)
    {
        _reserved = 0;
        if (length < _bytes.Length) Array.Resize(ref _bytes, (int)length);
        Length = length;
        _unflushed.Add(new Change(length, null, length));
    }

    public void Flush()
    {
        _durable = [.. _bytes];
        _durableLength = Length;
        _unflushed.Clear();
    }

    /// <summary>
    /// Takes back what was not flushed; with a random, each piece of <paramref name="sector"/> bytes holds its content of any moment
    /// since the last flush, and the size is that of another moment. Only a cut keeps its order with the bytes it cuts.
    /// </summary>
    public void LosePower(Random? random, int sector)
    {
        if (_unflushed.Count > 0 && random is not null)
        {
            // How many of the changes of size have arrived.
            int sized = random.Next(4) switch { 0 => 0, 1 => _unflushed.Count, _ => random.Next(_unflushed.Count + 1) };
            bool all = random.Next(4) == 0;
            _durable = Mix(sized, sector, all ? null : random);
            _durableLength = sized == 0 ? _durableLength : _unflushed[sized - 1].Length;
            if (_durable.Length > _durableLength) Array.Resize(ref _durable, (int)_durableLength);
        }

        _bytes = [.. _durable];
        Length = _durableLength;
        _unflushed.Clear();
        Entries = new Dictionary<string, MemoryNode>(DurableEntries);
    }

    public byte[] ToArray()
    {
        byte[] copy = new byte[Length];
        Read(copy, 0);
        return copy;
    }

    private static void Apply(ref byte[] to, ReadOnlySpan<byte> bytes, long position)
    {
        if (position + bytes.Length > to.Length) Array.Resize(ref to, (int)position + bytes.Length);
        bytes.CopyTo(to.AsSpan((int)position));
    }

    private byte[] Mix(int sized, int sector, Random? random)
    {
        long end = Math.Max(_durable.Length, _unflushed.Max(change => change.Bytes is null ? 0 : change.Position + change.Bytes.Length));
        byte[] mixed = [.. _durable];
        Array.Resize(ref mixed, (int)end);
        int[] version = new int[(end + sector - 1) / sector];
        for (int i = 0; i < version.Length; i++) version[i] = Version(i, sized, sector, random);
        for (int i = 0; i < _unflushed.Count; i++)
        {
            Change change = _unflushed[i];
            long from = change.Position;
            long to = change.Bytes is { } bytes ? from + bytes.Length : end;
            for (long at = from; at < to;)
            {
                long next = Math.Min(((at / sector) + 1) * sector, to);
                if (version[at / sector] > i)
                {
                    Span<byte> piece = mixed.AsSpan((int)at, (int)(next - at));
                    if (change.Bytes is null) piece.Clear();
                    else change.Bytes.AsSpan((int)(at - from), piece.Length).CopyTo(piece);
                }

                at = next;
            }
        }

        return mixed;
    }

    /// <summary>How many of the changes a sector shows.</summary>
    private int Version(int index, int sized, int sector, Random? random)
    {
        long sectorEnd = (long)(index + 1) * sector;
        int low = sized;
        while (low > 0 && !(_unflushed[low - 1].Bytes is null && _unflushed[low - 1].Length < sectorEnd)) low--;
        int high = sized;
        while (high < _unflushed.Count && !(_unflushed[high].Bytes is null && _unflushed[high].Length < sectorEnd)) high++;
        return random is null ? high : random.Next(3) switch { 0 => low, 1 => high, _ => random.Next(low, high + 1) };
    }

    /// <summary>A write, or with no bytes a change of the length; and the length after it.</summary>
    private readonly record struct Change(long Position, byte[]? Bytes, long Length);
}
