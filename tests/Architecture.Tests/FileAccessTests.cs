using Mono.Cecil;
using Mono.Cecil.Cil;

namespace KBroker.Architecture.Tests;

/// <summary>The broker reads and writes files through the log engine, not by itself.</summary>
public sealed class FileAccessTests
{
    private static readonly string[] FileTypes =
    [
        "System.IO.File", "System.IO.FileStream", "System.IO.FileInfo", "System.IO.Directory", "System.IO.DirectoryInfo", "System.IO.RandomAccess",
    ];

    /// <summary>Who may all the same: the reader of the configuration file, and the host that composes the parts.</summary>
    private static readonly string[] Exceptions = ["KBroker.Broker.Configuration.PropertiesFile", "KBroker.Broker.Hosting."];

    [Fact]
    public void Broker_Methods_UseNoFiles()
    {
        using AssemblyDefinition assembly = SourceTree.Assembly("Broker");
        Findings.None("the broker uses files", Users(assembly).Where(user => !Exceptions.Any(exception => user.StartsWith(exception, StringComparison.Ordinal))));
    }

    [Fact]
    public void Exceptions_AreStillNeeded()
    {
        using AssemblyDefinition assembly = SourceTree.Assembly("Broker");
        Assert.Contains(Users(assembly), user => user.StartsWith(Exceptions[0], StringComparison.Ordinal));
    }

    private static IEnumerable<string> Users(AssemblyDefinition assembly) =>
        from type in SourceTree.Types(assembly)
        from method in type.Methods
        where method.HasBody
        from instruction in method.Body.Instructions
        where Target(instruction) is { } target && FileTypes.Contains(target)
        select $"{type.FullName}.{method.Name} uses {Target(instruction)}";

    private static string? Target(Instruction instruction) => instruction.Operand switch
    {
        MethodReference method => method.DeclaringType.FullName,
        TypeReference type => type.FullName,
        _ => null,
    };
}
