using System.Text;

namespace KBroker.Cli.Commands;

/// <summary>Rows under headings, in columns that line up whatever they hold.</summary>
/// <param name="headings">The headings.</param>
public sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row; what is null is shown as <c>-</c>.</summary>
    public void Add(params string?[] cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        if (cells.Length != headings.Length) throw new ArgumentException($"{cells.Length} cells under {headings.Length} headings", nameof(cells));
        _rows.Add([.. cells.Select(cell => string.IsNullOrEmpty(cell) ? "-" : cell)]);
    }

    /// <summary>Prints the headings and the rows.</summary>
    public void Write(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        int[] widths = [.. headings.Select((heading, i) => _rows.Select(row => row[i].Length).Append(heading.Length).Max())];
        foreach (string[] row in _rows.Prepend(headings))
        {
            var line = new StringBuilder();
            for (int i = 0; i < row.Length; i++) line.Append(row[i].PadRight(widths[i] + 2));
            output.WriteLine(line.ToString().TrimEnd());
        }
    }
}
