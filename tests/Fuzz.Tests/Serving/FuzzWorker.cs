using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using KBroker.Fuzz.Tests.Mutation;
using KBroker.Fuzz.Tests.Schemas;
using KBroker.Protocol;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>
/// Sends mutated frames, a few on each connection, on a thread of its own, and holds every answer against its schema: an
/// answer must belong to a request of this connection and be used up to its last byte.
/// </summary>
internal sealed class FuzzWorker(IPEndPoint endPoint, Random random, FrameMutator mutator, SentFrames sent)
{
    private const int MaxFramesPerConnection = 4;
    private const int PatienceMs = 150;

    private readonly byte[] _buffer = new byte[1 << 20];
    private int _correlationId = 1;

    // Once a length lies, the broker sees other frames than were meant, and what it answers cannot be told from here.
    private bool _lengthsAreTrue;

    /// <summary>Frames that were answered, or that closed their connection.</summary>
    public long Processed { get; private set; }

    public long Answered { get; private set; }

    public long Closed { get; private set; }

    public List<string> BadAnswers { get; } = [];

    /// <summary>The APIs and versions of the answers.</summary>
    public HashSet<(short Key, short Version)> Reached { get; } = [];

    public void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var frames = new List<byte[]>();
            for (int n = random.Next(1, MaxFramesPerConnection + 1); n > 0; n--) frames.Add(Number(mutator.Next()));
            sent.Add(frames);
            try
            {
                Exchange(frames);
            }
            catch (SocketException)
            {
                // Closed while this side still wrote.
                Processed++;
                Closed++;
            }
        }
    }

    private void Exchange(List<byte[]> frames)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = PatienceMs };
        socket.LingerState = new LingerOption(true, 0);
        socket.Connect(endPoint);
        _lengthsAreTrue = true;
        foreach (byte[] frame in frames) Send(socket, frame);
        if (random.Next(20) == 0) return;
        if (random.Next(4) == 0) socket.Shutdown(SocketShutdown.Send);
        Receive(socket, frames);
    }

    private void Send(Socket socket, byte[] frame)
    {
        int lie = random.Next(60) == 0 ? random.Next(-3, 4) : 0;
        _lengthsAreTrue &= lie == 0;
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, frame.Length + lie);
        byte[] all = [.. length, .. frame];
        if (random.Next(10) == 0 && all.Length > 8)
        {
            int cut = random.Next(1, all.Length);
            socket.Send(all.AsSpan(0, cut));
            socket.Send(all.AsSpan(cut));
        }
        else
        {
            socket.Send(all);
        }
    }

    private void Receive(Socket socket, List<byte[]> frames)
    {
        int answers = 0;
        int have = 0;
        while (answers < frames.Count)
        {
            int read;
            try
            {
                read = socket.Receive(_buffer, have, _buffer.Length - have, SocketFlags.None);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
            {
                // A request that waits, as a fetch may, or that gets no answer, as a produce without acks.
                break;
            }

            if (read == 0)
            {
                Closed++;
                Processed++;
                break;
            }

            have += read;
            int at = 0;
            while (have - at >= 4)
            {
                int size = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(at));
                // An answer larger than the buffer is a fetch of many bytes; the rest of this connection is left.
                if (size > _buffer.Length - 4) return;
                if (have - at - 4 < size) break;
                Judge(_buffer.AsMemory(at + 4, size), frames);
                at += 4 + size;
                answers++;
            }

            _buffer.AsSpan(at, have - at).CopyTo(_buffer);
            have -= at;
        }

        Processed += answers;
        Answered += answers;
    }

    private void Judge(ReadOnlyMemory<byte> answer, List<byte[]> frames)
    {
        if (!_lengthsAreTrue) return;
        int correlationId = answer.Length >= 4 ? BinaryPrimitives.ReadInt32BigEndian(answer.Span) : -1;
        byte[]? frame = frames.FirstOrDefault(one => one.Length >= 8 && BinaryPrimitives.ReadInt32BigEndian(one.AsSpan(4)) == correlationId);
        if (frame is null)
        {
            Report("an answer to no request", answer, frames[0]);
            return;
        }

        short key = BinaryPrimitives.ReadInt16BigEndian(frame);
        short version = BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(2));
        bool isFallback = key == (short)ApiKey.ApiVersions && !SchemaCatalog.Instance.FindRequest(key)!.Valid.Contains(version);
        if (!SchemaCatalog.Instance.MapResponse(answer, key, isFallback ? (short)0 : version).IsExact)
            Report($"an answer that is no response of API {key} version {version}", answer, frame);
        Reached.Add((key, version));
    }

    private void Report(string what, ReadOnlyMemory<byte> answer, byte[] frame)
    {
        if (BadAnswers.Count < 5) BadAnswers.Add($"{what}: request {Convert.ToHexString(frame)}, answer {Convert.ToHexString(answer.Span)}");
    }

    /// <summary>Gives frames that still have a header their number, so that answers can be told apart.</summary>
    private byte[] Number(byte[] frame)
    {
        if (frame.Length >= 8) BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), _correlationId++);
        return frame;
    }
}
