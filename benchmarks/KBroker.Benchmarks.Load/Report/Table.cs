using System.Globalization;

namespace KBroker.Benchmarks.Load.Report;

/// <summary>Prints rows as a Markdown table.</summary>
internal static class Table
{
    public static void Print(IReadOnlyList<Row> rows, TextWriter output)
    {
        string[][] cells = [["measured", "broker", "baseline", "unit", "ratio", "target", ""], .. rows.Select(Cells)];
        int[] widths = [.. Enumerable.Range(0, cells[0].Length).Select(column => cells.Max(row => row[column].Length))];
        for (int i = 0; i < cells.Length; i++)
        {
            output.WriteLine($"| {string.Join(" | ", cells[i].Select((cell, column) => cell.PadRight(widths[column])))} |");
            if (i == 0) output.WriteLine($"|{string.Join("|", widths.Select(width => new string('-', width + 2)))}|");
        }
    }

    private static string[] Cells(Row row) =>
    [
        row.Name,
        Number(row.Broker),
        row.Baseline is { } baseline ? Number(baseline) : "",
        row.Unit,
        row.Baseline is null ? "" : row.Value.ToString("F2", CultureInfo.InvariantCulture),
        row.Limit is { } limit ? (row.AtLeast ? ">= " : "<= ") + limit.ToString(CultureInfo.InvariantCulture) : "",
        row.Met switch { true => "met", false => "MISSED", null => "" },
    ];

    private static string Number(double value) =>
        value.ToString(value switch { >= 100 => "F0", >= 10 => "F1", >= 1 => "F2", _ => "F3" }, CultureInfo.InvariantCulture);
}
