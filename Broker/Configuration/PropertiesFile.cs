using System.Text;

namespace KBroker.Broker.Configuration;

/// <summary>Reads a properties file from disk; every failure is a message that names the file.</summary>
public static class PropertiesFile
{
    /// <summary>The largest file that is read, in bytes. A configuration is a few kilobytes; more is some other file.</summary>
    public const int MaxBytes = 1024 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file. Text is UTF-8; a file that is not valid UTF-8 is read as ISO 8859-1, which is what Java does.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its content, or an error.</returns>
    public static PropertiesContent Read(string path)
    {
        try
        {
            if (Directory.Exists(path)) return Failed(path, "is a directory; a configuration file is expected");
            byte[]? bytes = ReadCapped(path);
            return bytes is null
                ? Failed(path, $"is larger than {MaxBytes} bytes; this is not a configuration file")
                : Parse(path, bytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed(path, "does not exist");
        }
        catch (UnauthorizedAccessException)
        {
            return Failed(path, "cannot be read: permission denied");
        }
        catch (Exception e) when (e is IOException or NotSupportedException or ArgumentException)
        {
            return Failed(path, $"cannot be read: {e.Message}");
        }
    }

    /// <summary>Parses the bytes of a file.</summary>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>Its content, or an error.</returns>
    public static PropertiesContent Parse(string path, byte[] bytes)
    {
        int zero = bytes.AsSpan().IndexOf((byte)0);
        if (zero >= 0)
        {
            int line = 1 + bytes.AsSpan(0, zero).Count((byte)'\n');
            return Failed($"{path}:{line}", "contains a NUL byte; this is not a text file");
        }
        string text;
        try
        {
            text = StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            text = Encoding.Latin1.GetString(bytes);
        }
        return PropertiesParser.Parse(path, text);
    }

    // A device or a pipe has no length to trust: what counts is what can be read.
    private static byte[]? ReadCapped(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        using var content = new MemoryStream();
        byte[] block = new byte[16 * 1024];
        int count;
        while ((count = file.Read(block)) > 0)
        {
            if (content.Length + count > MaxBytes) return null;
            content.Write(block, 0, count);
        }
        return content.ToArray();
    }

    private static PropertiesContent Failed(string path, string message) => new([], [new(path, message)], []);
}
