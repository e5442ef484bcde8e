using Mono.Cecil;

namespace KBroker.Architecture.Tests;

/// <summary>State and dependencies of product types.</summary>
public sealed class CodeShapeTests
{
    private const int MaxDependencies = 7;

    public static TheoryData<string> Folders => [.. SourceTree.ProductFolders];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Types_HaveNoMutableStaticState(string folder)
    {
        using AssemblyDefinition assembly = SourceTree.Assembly(folder);
        Findings.None(
            "mutable static fields",
            from type in SourceTree.Types(assembly)
            where !IsGenerated(type)
            from field in type.Fields
            where field is { IsStatic: true, IsInitOnly: false, IsLiteral: false } && !field.Name.Contains('<', StringComparison.Ordinal)
            select field.FullName);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Constructors_TakeAFewDependencies(string folder)
    {
        using AssemblyDefinition assembly = SourceTree.Assembly(folder);
        Findings.None(
            $"constructors with more than {MaxDependencies} parameters",
            from type in SourceTree.Types(assembly)
            where type.IsClass && !type.IsValueType && !IsGenerated(type) && !IsRecord(type)
            from constructor in type.Methods
            where constructor.IsConstructor && constructor.Parameters.Count > MaxDependencies
            select $"{type.FullName}: {constructor.Parameters.Count} parameters");
    }

    private static bool IsGenerated(TypeDefinition type) =>
        type.Name.Contains('<', StringComparison.Ordinal)
        || type.CustomAttributes.Any(attribute => attribute.AttributeType.Name is "CompilerGeneratedAttribute" or "GeneratedCodeAttribute")
        || (type.DeclaringType is { } outer && IsGenerated(outer));

    // A record is data: its constructor lists its members.
    private static bool IsRecord(TypeDefinition type) => type.Methods.Any(method => method.Name == "<Clone>$");
}
