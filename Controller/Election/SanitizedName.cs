namespace KBroker.Controller.Election;

/// <summary>
/// Names that become the name of a znode: letters, digits, <c>-</c>, <c>_</c> and <c>.</c> as they are, everything else percent-encoded
/// as UTF-8, as Kafka does for clients, users and groups.
/// </summary>
internal static class SanitizedName
{
    /// <summary>The name of the node.</summary>
    public static string Of(string name) => name switch
    {
        // Kafka leaves these two as they are, which no path can hold.
        "." => "%2E",
        ".." => "%2E%2E",
        _ => Uri.EscapeDataString(name).Replace("~", "%7E", StringComparison.Ordinal),
    };

    /// <summary>The name that a node stands for; null for a node that no name has, as <c>&lt;default&gt;</c>.</summary>
    public static string? Read(string node)
    {
        string name = Uri.UnescapeDataString(node);
        return Of(name) == node ? name : null;
    }
}
