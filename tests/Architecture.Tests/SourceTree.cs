using Mono.Cecil;

namespace KBroker.Architecture.Tests;

/// <summary>The source tree and the built product assemblies.</summary>
internal static class SourceTree
{
    /// <summary>The folders of product code, which are also the names of their projects.</summary>
    public static readonly string[] ProductFolders = ["Protocol", "LogEngine", "KvEngine", "Controller", "Broker", "Cli"];

    private static readonly string[] OutputFolders = ["bin", "obj", "artifacts", ".git"];

    /// <summary>The directory of KBroker.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Paths of all C# files relative to the root, build output left out.</summary>
    public static IEnumerable<string> SourceFiles(string folder = "") =>
        Files(Path.Combine(Root, folder), "*.cs").Select(path => Path.GetRelativePath(Root, path));

    /// <summary>Paths of all project files relative to the root.</summary>
    public static IEnumerable<string> ProjectFiles() =>
        Files(Root, "*.csproj").Select(path => Path.GetRelativePath(Root, path));

    public static string[] ReadLines(string relativePath) => File.ReadAllLines(Path.Combine(Root, relativePath));

    /// <summary>A product assembly as it was built for these tests.</summary>
    public static AssemblyDefinition Assembly(string folder)
    {
        string name = folder == "Cli" ? "kbroker" : $"KBroker.{folder}";
        return AssemblyDefinition.ReadAssembly(Path.Combine(AppContext.BaseDirectory, $"{name}.dll"));
    }

    /// <summary>All types of an assembly, nested ones included.</summary>
    public static IEnumerable<TypeDefinition> Types(AssemblyDefinition assembly) =>
        assembly.MainModule.Types.SelectMany(WithNested);

    private static IEnumerable<TypeDefinition> WithNested(TypeDefinition type) => type.NestedTypes.SelectMany(WithNested).Prepend(type);

    private static IEnumerable<string> Files(string directory, string pattern)
    {
        if (!Directory.Exists(directory)) yield break;
        foreach (string file in Directory.EnumerateFiles(directory, pattern)) yield return file;
        foreach (string child in Directory.EnumerateDirectories(directory))
        {
            if (OutputFolders.Contains(Path.GetFileName(child))) continue;
            foreach (string file in Files(child, pattern)) yield return file;
        }
    }

    private static string FindRoot()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "KBroker.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("no KBroker.sln above the test's directory");
        return directory;
    }
}
