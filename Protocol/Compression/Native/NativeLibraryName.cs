namespace KBroker.Protocol.Compression.Native;

/// <summary>What a C library is called.</summary>
/// <param name="Name">In the imports.</param>
/// <param name="PackageName">As a Debian package.</param>
/// <param name="FileNames">As a file, in the order to try.</param>
internal sealed record NativeLibraryName(string Name, string PackageName, string[] FileNames);
