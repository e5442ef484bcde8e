using System.Xml.Linq;
using Mono.Cecil;

namespace KBroker.Architecture.Tests;

/// <summary>Who may know whom.</summary>
public sealed class ReferenceTests
{
    public static TheoryData<string, string[]> AllowedReferences => new()
    {
        { "Protocol", [] },
        { "LogEngine", ["Protocol"] },
        { "KvEngine", ["Protocol"] },
        { "Controller", ["Protocol"] },
        { "Broker", ["Protocol", "LogEngine", "KvEngine", "Controller"] },
        { "Cli", ["Protocol", "Broker"] },
    };

    [Theory]
    [MemberData(nameof(AllowedReferences))]
    public void ProjectFile_References_AreOnlyTheAllowedOnes(string folder, string[] allowed)
    {
        XDocument project = XDocument.Load(Path.Combine(SourceTree.Root, folder, $"KBroker.{folder}.csproj"));
        IEnumerable<string> references = project.Descendants("ProjectReference")
            .Where(reference => (string?)reference.Attribute("OutputItemType") != "Analyzer")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)["KBroker.".Length..]);
        Assert.Equal(allowed.Order(), references.Order());
    }

    [Theory]
    [MemberData(nameof(AllowedReferences))]
    public void Assembly_References_AreOnlyTheAllowedOnes(string folder, string[] allowed)
    {
        using AssemblyDefinition assembly = SourceTree.Assembly(folder);
        IEnumerable<string> references = assembly.MainModule.AssemblyReferences
            .Select(reference => reference.Name)
            .Where(name => name.StartsWith("KBroker.", StringComparison.Ordinal))
            .Select(name => name["KBroker.".Length..]);
        Findings.None($"{folder} references what it must not know", references.Except(folder == "Cli" ? [.. allowed, "Controller", "LogEngine"] : allowed));
    }

    [Fact]
    public void Protocol_Types_KnowNoSocketNoClockNoLog() => AssertUsesNone(
        "Protocol", "System.Net.Sockets.", "Microsoft.Extensions.Logging.", "System.TimeProvider", "System.Diagnostics.Stopwatch", "System.Threading.Timer", "System.IO.File");

    [Theory]
    [InlineData("LogEngine")]
    [InlineData("KvEngine")]
    [InlineData("Controller")]
    public void Engines_Types_KnowNoConnections(string folder) => AssertUsesNone(folder, "System.Net.Sockets.", "System.IO.Pipelines.", "Microsoft.AspNetCore.");

    [Fact]
    public void LogEngine_Names_KnowNoReplication()
    {
        using AssemblyDefinition assembly = SourceTree.Assembly("LogEngine");
        string[] foreign = ["Isr", "InSync", "Replica", "HighWatermark", "Cluster", "Broker", "Controller"];

        // Files of a log directory whose contents it keeps for their owner: whose data it is, and the checkpoint of high watermarks.
        string[] kept = ["MetaProperties", "LogDirectoryOptions.", "LogDirectory.ReadHighWatermarks", "LogDirectory.WriteHighWatermarks", "<WriteHighWatermarks>", "OffsetCheckpoint.HighWatermarks"];
        IEnumerable<string> names = SourceTree.Types(assembly)
            .SelectMany(type => type.Methods.Select(method => method.Name).Concat(type.Fields.Select(field => field.Name)).Select(member => $"{type.Name}.{member}").Prepend(type.Name));
        Findings.None("LogEngine speaks of replication", names.Where(name => foreign.Any(word => name.Contains(word, StringComparison.Ordinal) && !name.Contains("KBroker", StringComparison.Ordinal) && !kept.Any(one => name.Contains(one, StringComparison.Ordinal)))));
    }

    [Fact]
    public void Broker_Types_NameNoZooKeeper()
    {
        using AssemblyDefinition assembly = SourceTree.Assembly("Broker");
        Findings.None("Broker speaks of ZooKeeper", assembly.MainModule.GetTypeReferences()
            .Where(type => type.FullName.Contains("ZooKeeper", StringComparison.OrdinalIgnoreCase))
            .Select(type => type.FullName));
    }

    private static void AssertUsesNone(string folder, params string[] prefixes)
    {
        using AssemblyDefinition assembly = SourceTree.Assembly(folder);
        Findings.None($"{folder} uses what it must not know", assembly.MainModule.GetTypeReferences()
            .Select(type => type.FullName)
            .Where(name => prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))));
    }
}
