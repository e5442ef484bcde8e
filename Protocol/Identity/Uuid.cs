using System.Buffers;
using System.Buffers.Text;

namespace KBroker.Protocol.Identity;

/// <summary>
/// Kafka's text form of a UUID: URL-safe base64 of its 16 big-endian bytes, without padding (22 characters). Topic ids,
/// cluster ids and directory ids are shown this way.
/// </summary>
public static class Uuid
{
    /// <summary>The text form, 22 characters.</summary>
    public static string Format(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads the text form; false if it is not 22 characters of URL-safe base64.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Guid id)
    {
        Span<byte> bytes = stackalloc byte[18];
        // The platform's TryDecodeFromChars throws on characters that are not of the alphabet.
        if (text.Length == 22 && Base64Url.DecodeFromChars(text, bytes, out _, out int written) == OperationStatus.Done && written == 16)
        {
            id = new Guid(bytes[..16], bigEndian: true);
            return true;
        }

        id = Guid.Empty;
        return false;
    }

    /// <summary>A new random id, never one of Kafka's reserved ones and never one whose text starts with a dash.</summary>
    public static Guid Create(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        while (true)
        {
            random.NextBytes(bytes);
            bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
            bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
            // A leading dash (top six bits 62) would read as an option on a command line.
            if (bytes[0] >> 2 != 62) return new Guid(bytes, bigEndian: true);
        }
    }
}
