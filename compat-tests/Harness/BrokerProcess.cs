using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KBroker.Compat.Tests.Harness;

/// <summary>One broker as its users run it: the built program as a process of its own, on a directory that outlives it.</summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private const string ReadyText = "KBroker is ready: bootstrap.servers=";
    private readonly List<string> _overrides;
    private readonly bool _ownsDirectory;
    private ProgramProcess? _process;

    private BrokerProcess(string directory, bool ownsDirectory, int port, string[] overrides)
    {
        Directory = directory;
        _ownsDirectory = ownsDirectory;
        Port = port;
        _overrides = [$"listeners=PLAINTEXT://127.0.0.1:{port}", $"log.dirs={directory}", .. overrides];
    }

    public string Directory { get; }

    public int Port { get; }

    public string Bootstrap { get; private set; } = "";

    /// <summary>A program that the next life is started by, such as strace, with its arguments; it must become the broker.</summary>
    public IReadOnlyList<string> Launcher { get; set; } = [];

    /// <summary>What the next life gets as its environment, besides the test's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();

    /// <summary>What the broker has said in its present life.</summary>
    public string Output => _process?.Output ?? "";

    public bool HasExited => _process is not { HasExited: false };

    /// <summary>Starts a broker on a directory of its own and waits until it is ready.</summary>
    public static Task<BrokerProcess> StartAsync(params string[] overrides) => StartOnAsync(_ => { }, overrides);

    /// <summary>Starts a broker on a directory of its own that was filled before.</summary>
    public static async Task<BrokerProcess> StartOnAsync(Action<string> fill, params string[] overrides)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("kbroker-compat-").FullName;
        fill(directory);
        var broker = new BrokerProcess(directory, ownsDirectory: true, FreePort(), overrides);
        await broker.StartAgainAsync();
        return broker;
    }

    /// <summary>Runs the program on a directory until it exits by itself.</summary>
    public static async Task<(int ExitCode, string Output)> RunToExitAsync(string directory, params string[] overrides)
    {
        await using var broker = new BrokerProcess(directory, ownsDirectory: false, port: 0, overrides);
        broker.Launch(_ => { });
        int code = await broker._process!.WaitForExitAsync();
        return (code, broker.Output);
    }

    /// <summary>Starts the program on the same directory and port, after it was killed or terminated.</summary>
    public async Task StartAgainAsync()
    {
        _process?.Dispose();
        var ready = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        Launch(line =>
        {
            if (line.StartsWith(ReadyText, StringComparison.Ordinal)) ready.TrySetResult(line[ReadyText.Length..]);
        });
        await Deadline.UntilAsync(() => ready.Task.IsCompleted || HasExited, "the broker to be ready");
        if (!ready.Task.IsCompleted)
        {
            await _process!.WaitForExitAsync();
            throw new InvalidOperationException($"The broker did not start:\n{Output}");
        }

        Bootstrap = await ready.Task;
    }

    public void Kill() => _process!.Kill();

    public void SendTerminate() => _process!.Terminate();

    public Task<int> WaitForExitAsync() => _process!.WaitForExitAsync();

    /// <summary>Terminates the broker and demands that it ends in order.</summary>
    public async Task StopAsync()
    {
        SendTerminate();
        int code = await WaitForExitAsync();
        Assert.True(code == 0, $"After SIGTERM the broker exited with {code}:\n{Output}");
    }

    public async Task KillAndStartAgainAsync()
    {
        Kill();
        await WaitForExitAsync();
        await StartAgainAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        if (_ownsDirectory) System.IO.Directory.Delete(Directory, recursive: true);
    }

    // A restarted broker keeps its address, so the port is chosen once; it is given to nobody else while unused for so short a time.
    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Launch(Action<string> onLine)
    {
        List<string> arguments = [.. Launcher, BuiltProgram.Dotnet, BuiltProgram.Assembly, "start"];
        foreach (string setting in _overrides) arguments.AddRange(["--override", setting]);
        _process = new ProgramProcess(arguments[0], arguments.Skip(1), onLine, Environment);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"broker on {Bootstrap}, {Directory}");
}
