using System.Diagnostics;
using System.Text;

namespace KBroker.Compat.Tests.Harness;

/// <summary>Runs a client program to its end: bytes in, bytes out.</summary>
internal static class ClientProcess
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Runs a program, gives it its input, and demands exit code 0.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public static async Task<byte[]> RunAsync(string program, IEnumerable<string> arguments, ReadOnlyMemory<byte> input = default)
    {
        ClientResult result = await TryRunAsync(program, arguments, input);
        Assert.True(result.ExitCode == 0, $"{result.CommandLine} exited with {result.ExitCode}:\n{result.Error}");
        return result.Output;
    }

    public static async Task<ClientResult> TryRunAsync(
        string program, IEnumerable<string> arguments, ReadOnlyMemory<byte> input = default, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        string commandLine = $"{program} {string.Join(' ', start.ArgumentList)}";

        using var timeout = new CancellationTokenSource(Limit);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var output = new MemoryStream();
        var error = new MemoryStream();
        try
        {
            await Task.WhenAll(
                FeedAsync(process.StandardInput.BaseStream, input, timeout.Token),
                process.StandardOutput.BaseStream.CopyToAsync(output, timeout.Token),
                process.StandardError.BaseStream.CopyToAsync(error, timeout.Token),
                process.WaitForExitAsync(timeout.Token));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{commandLine} did not end within {Limit}:\n{Text(error)}");
        }

        return new ClientResult(commandLine, process.ExitCode, output.ToArray(), Text(error));
    }

    private static async Task FeedAsync(Stream stream, ReadOnlyMemory<byte> input, CancellationToken cancellation)
    {
        try
        {
            await using (stream) await stream.WriteAsync(input, cancellation);
        }
        catch (IOException)
        {
            // The program ended without reading all of its input: its exit code tells.
        }
    }

    private static string Text(MemoryStream bytes) => Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
}
