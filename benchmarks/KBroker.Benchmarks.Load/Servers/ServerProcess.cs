using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KBroker.Benchmarks.Load.Traffic;

namespace KBroker.Benchmarks.Load.Servers;

/// <summary>A server under measurement in a process of its own, listening on loopback.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private readonly Process _process;
    private bool _disposed;

    private ServerProcess(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    public double CpuSeconds => Linux.CpuSeconds(_process.Id);

    public long ResidentBytes => Linux.ResidentBytes(_process.Id);

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program; does not wait until it listens.</summary>
    public static ServerProcess Spawn(string program, IEnumerable<string> arguments, int port, string logFile)
    {
        // Through a shell that becomes the server, so that its output goes to a file and nobody has to read a pipe.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (string argument in (string[])["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", logFile, program, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        return new ServerProcess(Process.Start(start)!, port);
    }

    /// <summary>A free port, most likely still free when the server binds it.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Connects as soon as the server listens.</summary>
    public async Task<Connection> ConnectAsync()
    {
        var elapsed = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new Connection(Port);
            }
            catch (SocketException) when (elapsed.Elapsed < StartTimeout && !HasExited)
            {
                await Task.Delay(1);
            }
        }
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (!HasExited)
        {
            Linux.Terminate(_process.Id);
            if (!_process.WaitForExit(StopTimeout)) _process.Kill();
        }

        _process.Dispose();
    }
}
