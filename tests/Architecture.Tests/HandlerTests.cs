using System.Text.RegularExpressions;
using Mono.Cecil;

namespace KBroker.Architecture.Tests;

/// <summary>One file per API under Broker/Handlers, named after the API and opening with its versions.</summary>
public sealed partial class HandlerTests
{
    [Fact]
    public void Handlers_Types_LiveInOneFolderUnderTheirOwnNames()
    {
        using AssemblyDefinition assembly = SourceTree.Assembly("Broker");
        TypeDefinition[] handlers = [.. SourceTree.Types(assembly).Where(type => !type.IsAbstract && IsHandler(type))];
        Assert.NotEmpty(handlers);
        foreach (TypeDefinition handler in handlers)
        {
            Assert.Equal("KBroker.Broker.Handlers", handler.Namespace);
            Assert.True(handler.IsSealed, $"{handler.Name} is not sealed");
            Assert.True(File.Exists(Path.Combine(SourceTree.Root, "Broker", "Handlers", $"{handler.Name}.cs")), $"there is no Broker/Handlers/{handler.Name}.cs");
        }
    }

    [Fact]
    public void Handlers_Files_OpenWithTheVersionsTheyServe()
    {
        foreach (string file in SourceTree.SourceFiles(Path.Combine("Broker", "Handlers")).Where(file => file.EndsWith("Handler.cs", StringComparison.Ordinal)))
        {
            string opening = string.Join('\n', SourceTree.ReadLines(file).TakeWhile(line => !line.Contains(" class ", StringComparison.Ordinal)));
            Assert.True(Versions().IsMatch(opening), $"{file} does not open with a comment like: Fetch (1), versions 4-18: ...");
        }
    }

    // Bases are followed within the assembly: generic handlers derive from the plain one.
    private static bool IsHandler(TypeDefinition type)
    {
        for (TypeReference? at = type.BaseType; at is not null; at = (at.Module == type.Module ? at.Resolve() : null)?.BaseType)
        {
            if (at.Name.StartsWith("ApiHandler", StringComparison.Ordinal)) return true;
            if (at.Scope != type.Module && at is not GenericInstanceType) return false;
        }
        return false;
    }

    [GeneratedRegex(@"///.*\bversions? \d+", RegexOptions.IgnoreCase)]
    private static partial Regex Versions();
}
