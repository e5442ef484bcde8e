using System.Globalization;

namespace KBroker.LogEngine.Tests.Support;

/// <summary>Where and how a run was stopped. <see cref="Operation"/> counts from 1; one beyond the last is a stop after the end.</summary>
internal sealed record CrashPoint(int Operation, double Part, bool PowerLoss, int Seed)
{
    /// <summary>What was being done to the disk.</summary>
    public string Change { get; set; } = "";

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(PowerLoss ? "power loss" : "kill")} at change {Operation} ({Change}), {Part:P0} of it done, seed {Seed}");
}

/// <summary>
/// Stops the world at every change that an operation makes to the disk, and asks each time whether what is left is sound. A process
/// kill keeps everything that was written; a power loss keeps of what was not flushed what a seeded random picks.
/// </summary>
/// <remarks>
/// <c>KBROKER_CRASH_SEEDS</c> sets how many power losses are tried at each point, <c>KBROKER_CRASH_SEED</c> the first seed.
/// </remarks>
internal static class CrashPoints
{
    private const int DefaultPowerLosses = 4;

    /// <summary>
    /// For each point: builds a world on a fresh disk (<paramref name="prepare"/>, not stopped), does the operation until the world
    /// stops (<paramref name="run"/>), restarts the disk, and calls <paramref name="check"/>, which opens what is there anew and
    /// throws if that may not be. The same operation must come out of every call. Returns the number of points times ways.
    /// </summary>
    public static int TryAll<TWorld>(Func<InMemoryLogFileSystem, TWorld> prepare, Action<TWorld> run, Action<TWorld, CrashPoint> check)
    {
        int changes = CountChanges(prepare, run);
        int seeds = Setting("KBROKER_CRASH_SEEDS", DefaultPowerLosses);
        int seed = Setting("KBROKER_CRASH_SEED", 1);
        int tried = 0;
        for (int operation = 1; operation <= changes + 1; operation++)
        {
            TryOne(prepare, run, check, new CrashPoint(operation, 0, false, 0));
            TryOne(prepare, run, check, new CrashPoint(operation, 0.5, false, 0));
            TryOne(prepare, run, check, new CrashPoint(operation, 0, true, 0));
            for (int i = 0; i < seeds; i++) TryOne(prepare, run, check, new CrashPoint(operation, i % 2 == 0 ? 0 : 0.7, true, seed + i));
            tried += 3 + seeds;
        }

        return tried;
    }

    /// <summary>One stop, as a failed test names it.</summary>
    public static void TryOne<TWorld>(
        Func<InMemoryLogFileSystem, TWorld> prepare, Action<TWorld> run, Action<TWorld, CrashPoint> check, CrashPoint point)
    {
        var disk = new InMemoryLogFileSystem();
        try
        {
            TWorld world = prepare(disk);
            disk.CrashAfter(point.Operation - 1, point.Part);
            try
            {
                run(world);
            }
            catch (Exception) when (disk.HasCrashed)
            {
                // The code under test does not outlive its world.
            }

            point.Change = disk.HasCrashed ? disk.LastChange : "after the end";
            // Seed 0 is the power loss that takes everything.
            if (point.PowerLoss) disk.LosePower(point.Seed == 0 ? null : new Random((point.Seed * 1000) + point.Operation));
            else disk.Kill();
            check(world, point);
        }
        catch (Exception e)
        {
            throw new CrashPointException(point, e);
        }
    }

    private static int CountChanges<TWorld>(Func<InMemoryLogFileSystem, TWorld> prepare, Action<TWorld> run)
    {
        var disk = new InMemoryLogFileSystem();
        TWorld world = prepare(disk);
        int before = disk.Changes;
        run(world);
        return disk.Changes - before;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}

/// <summary>A crash after which something was not as it may be.</summary>
internal sealed class CrashPointException(CrashPoint point, Exception cause) : Exception($"{point}: {cause.Message}", cause)
{
    public CrashPoint Point { get; } = point;
}
