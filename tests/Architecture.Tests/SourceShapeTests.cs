using System.Text.RegularExpressions;

namespace KBroker.Architecture.Tests;

/// <summary>Sizes and places of source files.</summary>
public sealed partial class SourceShapeTests
{
    private const int MaxLines = 800;

    [Fact]
    public void Files_AreAtMost800LinesLong() =>
        Findings.None($"files over {MaxLines} lines", SourceTree.SourceFiles().Where(file => SourceTree.ReadLines(file).Length > MaxLines));

    [Fact]
    public void Namespaces_MatchFolders()
    {
        var wrong = new List<string>();
        string[] projects = [.. SourceTree.ProjectFiles()];
        foreach (string file in SourceTree.SourceFiles())
        {
            if (file.StartsWith("Protocol/Schemas", StringComparison.Ordinal)) continue;
            string? declared = SourceTree.ReadLines(file).Select(line => Namespace().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value;
            if (declared is not null && declared != Expected(file, projects)) wrong.Add($"{file}: {declared}, expected {Expected(file, projects)}");
        }
        Findings.None("namespaces that are not their folder", wrong);
    }

    [Fact]
    public void PartialTypes_AreNotHugeTypesInPieces()
    {
        var files = new Dictionary<string, HashSet<string>>();
        foreach (string file in SourceTree.SourceFiles())
        {
            foreach (string line in SourceTree.ReadLines(file))
            {
                Match match = PartialType().Match(line);
                if (!match.Success) continue;
                string name = $"{Path.GetDirectoryName(file)}/{match.Groups[1].Value}";
                if (!files.TryGetValue(name, out HashSet<string>? parts)) files.Add(name, parts = []);
                parts.Add(file);
            }
        }
        Findings.None(
            $"types of more than {MaxLines} lines in several files",
            files.Where(pair => pair.Value.Count > 1 && pair.Value.Sum(file => SourceTree.ReadLines(file).Length) > MaxLines).Select(pair => pair.Key));
    }

    private static string Expected(string file, string[] projects)
    {
        string project = projects
            .Where(path => file.StartsWith(Path.GetDirectoryName(path)! + "/", StringComparison.Ordinal))
            .MaxBy(path => path.Length) ?? throw new InvalidOperationException($"{file} belongs to no project");
        string folder = Path.GetRelativePath(Path.GetDirectoryName(project)!, Path.GetDirectoryName(file)!);
        string root = Path.GetFileNameWithoutExtension(project);
        return folder == "." ? root : $"{root}.{folder.Replace('/', '.')}";
    }

    [GeneratedRegex(@"^\s*namespace\s+([A-Za-z0-9_.]+)")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^\s*(?:\w+ )*partial (?:class|struct|record|record struct|interface) (\w+)")]
    private static partial Regex PartialType();
}
