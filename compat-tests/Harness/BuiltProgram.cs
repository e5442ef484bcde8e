namespace KBroker.Compat.Tests.Harness;

/// <summary>Where the program under test is: built in the same configuration as these tests, in the same source tree.</summary>
internal static class BuiltProgram
{
    /// <summary>The root of the source tree.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The built kbroker.dll.</summary>
    public static string Assembly { get; } = FindAssembly();

    /// <summary>The dotnet that runs these tests runs the broker too.</summary>
    public static string Dotnet { get; } =
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "KBroker.sln"))) return directory.FullName;
        }

        throw new InvalidOperationException($"No KBroker.sln above {AppContext.BaseDirectory}");
    }

    private static string FindAssembly()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        string path = Path.Combine(Root, "Cli", "bin", framework.Parent!.Name, framework.Name, "kbroker.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built: run dotnet build compat-tests", path);
    }
}
