namespace KBroker.Protocol.Compression;

/// <summary>A C library that a compression needs is not installed. The message names the package that holds it.</summary>
public sealed class NativeLibraryMissingException : DllNotFoundException
{
    /// <summary>Creates an exception that names nothing.</summary>
    public NativeLibraryMissingException()
        : this("A native library is missing")
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    public NativeLibraryMissingException(string message)
        : base(message) => PackageName = "";

    /// <summary>Creates an exception with a message and a cause.</summary>
    public NativeLibraryMissingException(string message, Exception innerException)
        : base(message, innerException) => PackageName = "";

    internal NativeLibraryMissingException(string library, string packageName)
        : base($"{library} is not installed: install the package {packageName}") => PackageName = packageName;

    /// <summary>The Debian package that holds the library.</summary>
    public string PackageName { get; }
}
