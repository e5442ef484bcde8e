using System.Buffers.Binary;

namespace KBroker.Benchmarks.Load.Traffic;

/// <summary>Sends the same Produce frame again and again on one connection, a few in flight, and checks each answer.</summary>
internal static class ProduceStream
{
    /// <param name="port">The server's port.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="topicLength">The length of the topic's name, which decides where the answer's error code lies.</param>
    /// <param name="count">How many times.</param>
    /// <param name="inFlight">At most so many unanswered.</param>
    public static void Run(int port, byte[] frame, int topicLength, int count, int inFlight)
    {
        using var connection = new Connection(port);
        int sent = 0;
        for (int answered = 0; answered < count; answered++)
        {
            while (sent < count && sent - answered < inFlight)
            {
                connection.Send(frame);
                sent++;
            }

            Check(connection.Receive(), topicLength);
        }
    }

    /// <summary>Throws unless the Produce v8 answer carries no error.</summary>
    public static void Check(ReadOnlySpan<byte> reply, int topicLength)
    {
        short error = BinaryPrimitives.ReadInt16BigEndian(reply[(4 + 4 + 2 + topicLength + 4 + 4)..]);
        if (error != 0) throw new InvalidOperationException($"Produce was answered with error {error}");
    }
}
