using System.Globalization;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>The library that kills a broker within a change to the disk, and the file that tells it at which.</summary>
internal sealed class Faults : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"kbroker-faults-{Guid.NewGuid():N}");

    /// <summary>What the broker is to be started with.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["LD_PRELOAD"] = Library("stop_at"), ["KBROKER_FAULTS"] = _file };

    /// <summary>From here on the broker has so many changes to live.</summary>
    public void Arm(int change, bool shortWrites) =>
        File.WriteAllText(_file, string.Create(CultureInfo.InvariantCulture, $"{change} {(shortWrites ? 1 : 0)}"));

    public void Disarm() => File.Delete(_file);

    /// <summary>Starts a broker that dies at a change of its start; one that makes fewer is killed when it is ready.</summary>
    public async Task DieWhileStartingAsync(BrokerProcess broker, int change, bool shortWrites = false)
    {
        Arm(change, shortWrites);
        try
        {
            await broker.StartAgainAsync();
            broker.Kill();
        }
        catch (InvalidOperationException)
        {
            // It did not start.
        }

        await broker.WaitForExitAsync();
        Disarm();
    }

    public void Dispose() => Disarm();

    /// <summary>A number from the test's environment.</summary>
    public static int Setting(string name, int otherwise) =>
        int.TryParse(System.Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    /// <summary>The path of a library that was built of a file of faults/.</summary>
    public static string Library(string name)
    {
        string library = Path.Combine(BuiltProgram.Root, "artifacts", "compat-clients", name + ".so");
        return File.Exists(library) ? library : throw new FileNotFoundException($"{library} is missing: run compat-tests/install", library);
    }
}
