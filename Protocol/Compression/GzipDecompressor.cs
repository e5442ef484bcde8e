using System.IO.Compression;

namespace KBroker.Protocol.Compression;

/// <summary>
/// Reads gzip members, one after the other. The base library inflates from a stream only, so the input is lent to one for the
/// length of each step.
/// </summary>
internal sealed class GzipDecompressor : Decompressor
{
    private readonly LentStream _input = new();
    private readonly GZipStream _inflater;

    public GzipDecompressor() => _inflater = new GZipStream(_input, CompressionMode.Decompress, leaveOpen: true);

    public override unsafe DecompressionStatus Decompress(
        ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written)
    {
        written = 0;
        fixed (byte* from = source)
        {
            _input.Lend(from, source.Length);
            try
            {
                while (written < destination.Length)
                {
                    int read = _inflater.Read(destination[written..]);
                    if (read == 0) return _input.WasRead ? DecompressionStatus.Done : DecompressionStatus.Corrupt;
                    written += read;
                }

                return DecompressionStatus.More;
            }
            catch (InvalidDataException)
            {
                return DecompressionStatus.Corrupt;
            }
            finally
            {
                consumed = _input.TakeBack();
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        _inflater.Dispose();
        _input.Dispose();
    }
}
