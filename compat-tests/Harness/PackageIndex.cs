using System.Text;

namespace KBroker.Compat.Tests.Harness;

/// <summary>
/// Real input: the distribution's package index, one record a package, the key its name. Where the machine has no package lists, the
/// installed packages' status file, over and over.
/// </summary>
internal static class PackageIndex
{
    private static readonly Lazy<Task<IReadOnlyList<ClientRecord>>> Loaded = new(LoadAsync);

    /// <summary>Every package once.</summary>
    public static Task<IReadOnlyList<ClientRecord>> PackagesAsync() => Loaded.Value;

    /// <summary>All packages as often as it takes to have at least <paramref name="count"/> records, at least twice.</summary>
    public static async Task<IReadOnlyList<ClientRecord>> AtLeastAsync(int count)
    {
        IReadOnlyList<ClientRecord> packages = await PackagesAsync();
        int passes = Math.Max(2, (count + packages.Count - 1) / packages.Count);
        var all = new List<ClientRecord>(passes * packages.Count);
        for (int pass = 0; pass < passes; pass++) all.AddRange(packages);
        return all;
    }

    private static async Task<IReadOnlyList<ClientRecord>> LoadAsync()
    {
        byte[] text = [];
        if (File.Exists("/usr/bin/apt-cache")) text = (await ClientProcess.TryRunAsync("/usr/bin/apt-cache", ["dumpavail"])).Output;
        if (text.Length == 0 && File.Exists("/var/lib/dpkg/status")) text = await File.ReadAllBytesAsync("/var/lib/dpkg/status");
        List<ClientRecord> packages = Parse(text);
        Assert.True(packages.Count > 0, "This machine has neither package lists nor a dpkg status file: run apt-get update");
        return packages;
    }

    private static List<ClientRecord> Parse(byte[] text)
    {
        var packages = new List<ClientRecord>();
        for (int start = 0; start < text.Length;)
        {
            int end = text.AsSpan(start).IndexOf("\n\n"u8);
            byte[] stanza = end < 0 ? text[start..] : text[start..(start + end + 1)];
            start = end < 0 ? text.Length : start + end + 2;
            if (stanza.AsSpan().StartsWith("Package: "u8))
            {
                byte[] name = stanza["Package: ".Length..stanza.AsSpan().IndexOf((byte)'\n')];
                packages.Add(new(-1, -1, -1, name, stanza));
            }
        }

        return packages;
    }

    /// <summary>The package's name.</summary>
    public static string Name(ClientRecord record) => Encoding.UTF8.GetString(record.Key!);
}
