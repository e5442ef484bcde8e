using System.Diagnostics;

namespace KBroker.Benchmarks.Load.Report;

/// <summary>
/// Measures several subjects in turns (A B B A ...), so that drift of the machine falls on all of them, and compares by the
/// median of the ratios within each turn.
/// </summary>
internal sealed class InTurns
{
    private readonly List<double>[] _figures;

    private InTurns(int subjects) => _figures = [.. Enumerable.Range(0, subjects).Select(_ => new List<double>())];

    /// <summary>
    /// Runs the subjects in turns until each is likely to be compiled for good: the runtime compiles hot code again, on threads
    /// of its own, for seconds.
    /// </summary>
    public static async Task WarmUpAsync(bool quick, params Func<Task<double>>[] subjects)
    {
        var elapsed = Stopwatch.StartNew();
        TimeSpan least = TimeSpan.FromSeconds(quick ? 3 : 6);
        for (int turn = 0; turn < 2 || elapsed.Elapsed < least; turn++)
        {
            foreach (Func<Task<double>> subject in subjects) await subject();
        }
    }

    /// <summary>Runs every subject once per turn, in alternating order; a subject returns its figure.</summary>
    public static async Task<InTurns> RunAsync(int turns, params Func<Task<double>>[] subjects)
    {
        var result = new InTurns(subjects.Length);
        for (int turn = 0; turn < turns; turn++)
        {
            for (int i = 0; i < subjects.Length; i++)
            {
                int subject = turn % 2 == 0 ? i : subjects.Length - 1 - i;
                result._figures[subject].Add(await subjects[subject]());
            }
        }

        return result;
    }

    /// <summary>The median figure of one subject.</summary>
    public double Of(int subject) => Median(_figures[subject]);

    /// <summary>The median of the ratios of two subjects, turn by turn.</summary>
    public double Ratio(int subject, int to) => Median(_figures[subject].Zip(_figures[to], (a, b) => a / b));

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
