namespace KBroker.Compat.Tests.Histories;

/// <summary>Holds what a consume-transform-produce job wrote to what it was given: promise E of the reliability notes.</summary>
internal static class CopyChecker
{
    /// <summary>Each partition's output must be its committed input, once each and in order.</summary>
    /// <param name="input">The committed records of each input partition, in order.</param>
    /// <param name="output">What a read_committed consumer finds for each input partition, in order: the input records' values.</param>
    public static IReadOnlyList<Violation> Check(
        IReadOnlyDictionary<int, IReadOnlyList<string>> input, IReadOnlyDictionary<int, IReadOnlyList<string>> output)
    {
        var found = new List<Violation>();
        foreach (int partition in input.Keys.Union(output.Keys).Order())
            Check(partition, input.GetValueOrDefault(partition, []), output.GetValueOrDefault(partition, []), found);
        return found;
    }

    private static void Check(int partition, IReadOnlyList<string> input, IReadOnlyList<string> output, List<Violation> found)
    {
        var positions = new Dictionary<string, int>();
        for (int i = 0; i < input.Count; i++) positions.Add(input[i], i);
        var seen = new HashSet<string>();
        int last = -1;
        foreach (string value in output)
        {
            if (!positions.TryGetValue(value, out int position))
            {
                found.Add(new(Anomaly.Phantom, $"'{value}' in the output of partition {partition} is no committed input"));
                continue;
            }

            if (!seen.Add(value))
            {
                found.Add(new(Anomaly.Duplicate, $"'{value}', input {position} of partition {partition}, was processed again"));
                continue;
            }

            if (position < last) found.Add(new(Anomaly.Disorder, $"'{value}', input {position} of partition {partition}, comes after input {last}"));
            last = position;
        }

        string[] missing = [.. input.Where(value => !seen.Contains(value))];
        if (missing.Length > 0)
            found.Add(new(Anomaly.LostWrite, $"{missing.Length} of {input.Count} inputs of partition {partition} were not processed: '{string.Join("', '", missing.Take(5))}'"));
    }
}
