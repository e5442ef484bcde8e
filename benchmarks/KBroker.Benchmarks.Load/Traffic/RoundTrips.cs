namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>
/// Many connections with one small request in flight each. One thread serves them in turns with blocking calls, the
/// cheapest client there is: it finds an answer waiting more often than not.
/// </summary>
internal sealed class RoundTrips : IDisposable
{
    private readonly Connection[] _connections;
    private readonly byte[] _frame;
    private readonly int _topicLength;

    public RoundTrips(int port, int connections, byte[] frame, int topicLength)
    {
        _connections = [.. Enumerable.Range(0, connections).Select(_ => new Connection(port))];
        (_frame, _topicLength) = (frame, topicLength);
    }

    public int Connections => _connections.Length;

    /// <summary>Makes <paramref name="rounds"/> round trips on each connection.</summary>
    public void Run(int rounds)
    {
        foreach (Connection connection in _connections) connection.Send(_frame);
        for (int round = 1; round <= rounds; round++)
        {
            foreach (Connection connection in _connections)
            {
                ProduceStream.Check(connection.Receive(), _topicLength);
                if (round < rounds) connection.Send(_frame);
            }
        }
    }

    public void Dispose()
    {
        foreach (Connection connection in _connections) connection.Dispose();
    }
}
