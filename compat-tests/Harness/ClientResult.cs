namespace KBroker.Compat.Tests.Harness;

/// <summary>How a client program ended.</summary>
internal sealed record ClientResult(string CommandLine, int ExitCode, byte[] Output, string Error)
{
    public string OutputText => System.Text.Encoding.UTF8.GetString(Output);
}
