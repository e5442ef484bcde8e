namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>
/// Connections that each send a few requests at once, as a client does that acts for several, and the next ones when these are
/// answered. One thread serves them in turns with blocking calls.
/// </summary>
internal sealed class Bursts : IDisposable
{
    private readonly Connection[] _connections;
    private readonly byte[][] _bytes;
    private readonly int _each;
    private readonly ReplyCheck _check;

    /// <param name="port">The server's port.</param>
    /// <param name="bursts">The frames of each connection, all of the same number.</param>
    /// <param name="check">Throws at an answer that is none.</param>
    public Bursts(int port, byte[][][] bursts, ReplyCheck check)
    {
        _connections = [.. bursts.Select(_ => new Connection(port))];
        _bytes = [.. bursts.Select(frames => frames.SelectMany(frame => frame).ToArray())];
        _each = bursts[0].Length;
        _check = check;
    }

    public delegate void ReplyCheck(ReadOnlySpan<byte> reply);

    /// <summary>Changes the bytes that a connection is about to send: the connection, its bytes.</summary>
    public Action<int, byte[]> Prepare { get; init; } = static (_, _) => { };

    /// <summary>The requests of a round of all connections.</summary>
    public int RequestsPerRound => _each * _connections.Length;

    /// <summary>Makes <paramref name="rounds"/> rounds on each connection.</summary>
    public void Run(int rounds)
    {
        for (int i = 0; i < _connections.Length; i++) Send(i);
        for (int round = 1; round <= rounds; round++)
        {
            for (int i = 0; i < _connections.Length; i++)
            {
                for (int reply = 0; reply < _each; reply++) _check(_connections[i].Receive());
                if (round < rounds) Send(i);
            }
        }
    }

    public void Dispose()
    {
        foreach (Connection connection in _connections) connection.Dispose();
    }

    private void Send(int connection)
    {
        Prepare(connection, _bytes[connection]);
        _connections[connection].Send(_bytes[connection]);
    }
}
