namespace KBroker.Protocol.Generator;

/// <summary>The fewest bytes that a value of a type can take in a version: what bounds the count of an array before it is allocated.</summary>
internal static class MinSizes
{
    public static int Of(StructSpec type, int version, bool flexible)
    {
        int size = flexible ? 1 : 0;
        foreach (FieldSpec field in type.Fields)
        {
            if (!field.Versions.Contains(version) || field.Tagged.Contains(version)) continue;
            bool compact = field.Flexible is { } own ? own.Contains(version) : flexible;
            size += FieldCode.MinSize(field, version, compact);
        }

        return size;
    }

    /// <summary>An expression on <c>v</c> for all versions of the type; never below 1, so that a count is always bounded.</summary>
    public static string Expression(StructSpec type, MessageSpec message) =>
        Chain(type.Versions, version => Math.Max(1, Of(type, version, message.Flexible.Contains(version))));

    /// <summary>An expression on <c>v</c> that gives a number for each version of a range.</summary>
    public static string Chain(VersionRange versions, Func<int, int> number)
    {
        string expression = "";
        int last = number(versions.Low);
        for (int version = versions.Low + 1; version <= versions.High; version++)
        {
            int next = number(version);
            if (next == last) continue;
            expression += $"v < {version} ? {last} : ";
            last = next;
        }

        return expression + last;
    }
}
