using System.Globalization;

namespace KBroker.Cli.Commands;

/// <summary>The text form of a placement: partitions by commas, the brokers of one by colons, the preferred leader first.</summary>
public static class ReplicaAssignment
{
    /// <summary>The brokers of each partition, or null and what is wrong.</summary>
    public static int[][]? Parse(string text, out string problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        problem = "";
        string[] partitions = text.Split(',');
        var assignment = new int[partitions.Length][];
        for (int i = 0; i < partitions.Length; i++)
        {
            string[] brokers = partitions[i].Split(':', StringSplitOptions.TrimEntries);
            assignment[i] = new int[brokers.Length];
            for (int j = 0; j < brokers.Length; j++)
            {
                if (!int.TryParse(brokers[j], NumberStyles.None, CultureInfo.InvariantCulture, out assignment[i][j]))
                    problem = $"'{brokers[j]}' is not a broker id";
            }

            if (assignment[i].Distinct().Count() != assignment[i].Length) problem = $"partition {i} names a broker twice";
            if (assignment[i].Length != assignment[0].Length) problem = $"partition {i} has another number of replicas than partition 0";
            if (problem.Length > 0) return null;
        }

        return assignment;
    }
}
