namespace KBroker.LogEngine.Tests.Support;

/// <summary>
/// A failure to come: of the <paramref name="Nth"/> operation (from 1) of a kind, or of all from it on. Kinds are <c>create mkdir
/// rename delete flush write truncate</c> and <c>open read list</c>; <c>change</c> is any of the former.
/// </summary>
internal sealed record DiskFault(string Operation, int Errno, int Nth = 1, bool Forever = false, string PathContains = "")
{
    private int _seen;

    /// <summary>The part of a failing write, 0 to 1, that reaches the file all the same.</summary>
    public double Written { get; init; }

    /// <summary>How often it has struck.</summary>
    public int Struck { get; private set; }

    public bool Strikes(string operation, string path)
    {
        if ((operation != Operation && !(Operation == "change" && operation is not ("open" or "read" or "list"))) || !path.Contains(PathContains, StringComparison.Ordinal)) return false;
        _seen++;
        if (_seen != Nth && !(Forever && _seen > Nth)) return false;
        Struck++;
        return true;
    }
}

/// <summary>The world stopped here: whatever the code under test still does has no effect.</summary>
internal sealed class SimulatedCrashException() : Exception("the world has stopped");
