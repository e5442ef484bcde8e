namespace KBroker.Architecture.Tests;

/// <summary>Reports everything that breaks a rule, one a line, not only the first.</summary>
internal static class Findings
{
    public static void None(string rule, IEnumerable<string> findings)
    {
        string[] all = [.. findings.Distinct().Order(StringComparer.Ordinal)];
        Assert.True(all.Length == 0, $"{rule}:{Environment.NewLine}{string.Join(Environment.NewLine, all)}");
    }
}
