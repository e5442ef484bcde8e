using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using KBroker.Compat.Tests.Clients;

namespace KBroker.Compat.Tests.Harness;

/// <summary>Starts processes of a Python client at the price of a fork (clients/forks.py), so that many may die.</summary>
internal sealed partial class ForkServer : IDisposable
{
    private const int Sigkill = 9;
    private const int Sigterm = 15;
    private readonly ConcurrentDictionary<string, ForkedClient> _clients = new();
    private readonly ProgramProcess _process;

    /// <param name="module">The file under clients/ whose functions the processes run.</param>
    public ForkServer(string module) => _process = new ProgramProcess(
        "/usr/bin/python3",
        [Path.Combine(ClientScript.Folder, "forks.py"), module],
        OnLine,
        new Dictionary<string, string> { ["PYTHONDONTWRITEBYTECODE"] = "1" },
        keepInput: true);

    /// <summary>Starts a process. Its name is its own, without spaces, for as long as the server lives.</summary>
    public ForkedClient Start(string name, string function, BrokerProcess broker, object arguments, Action<ClientLine> onLine)
    {
        var client = new ForkedClient(name, onLine);
        if (!_clients.TryAdd(name, client)) throw new ArgumentException($"There was a {name} already", nameof(name));
        _process.WriteLine($"{name} {function} {broker.Bootstrap} {JsonSerializer.Serialize(arguments)}");
        return client;
    }

    public void Dispose()
    {
        foreach (ForkedClient client in _clients.Values) client.Kill();
        _process.Dispose();
    }

    private void OnLine(string text)
    {
        string[] parts = text.Split(' ', 4);
        // Anything else is what a library says of itself; the process keeps it.
        if (parts.Length < 3 || !long.TryParse(parts[2], CultureInfo.InvariantCulture, out long time) || !_clients.TryGetValue(parts[0], out ForkedClient? client)) return;
        client.OnLine(new ClientLine(parts[1], time, parts.Length > 3 ? parts[3] : ""));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    /// <summary>One forked process.</summary>
    internal sealed class ForkedClient(string name, Action<ClientLine> onLine)
    {
        private readonly TaskCompletionSource<int> _id = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<ClientLine> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        /// <summary>Its last line: "ended", "failed", or "gone" when it said no more.</summary>
        public Task<ClientLine> End => _end.Task;

        /// <summary>kill -9.</summary>
        public void Kill() => Send(Sigkill);

        public void Terminate() => Send(Sigterm);

        public void OnLine(ClientLine line)
        {
            if (line.Event == "pid")
            {
                _id.TrySetResult(int.Parse(line.Text, CultureInfo.InvariantCulture));
                return;
            }

            if (line.Event != "gone") onLine(line);
            if (line.Event is "ended" or "failed" or "gone") _end.TrySetResult(line);
        }

        // A process that ended may have passed its number on.
        private void Send(int signal)
        {
            if (!_end.Task.IsCompleted && _id.Task.Wait(Deadline.Default)) _ = SendSignal(_id.Task.Result, signal);
        }
    }
}
