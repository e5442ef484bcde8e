using System.IO.Pipelines;
using System.Net;

namespace KBroker.Broker.Connections;

/// <summary>
/// One client's byte stream, as the frame loop sees it: a pipe to read from and a way to send responses that are partly in
/// memory and partly in files. Sockets implement it; so do in-memory pipes in tests.
/// </summary>
/// <remarks>One reader and one sender at a time. <see cref="StopReading"/> and <see cref="Abort"/> may come from any thread.</remarks>
public interface ITransportConnection : IAsyncDisposable
{
    /// <summary>What the client sends.</summary>
    PipeReader Input { get; }

    /// <summary>The client's address; null where there is none.</summary>
    EndPoint? RemoteEndPoint { get; }

    /// <summary>The address the client connected to; null where there is none.</summary>
    EndPoint? LocalEndPoint { get; }

    /// <summary>The bytes received so far: grows whenever the client makes progress in sending.</summary>
    long BytesReceived { get; }

    /// <summary>The bytes sent so far: grows whenever the client makes progress in reading.</summary>
    long BytesSent { get; }

    /// <summary>Whether reading waits for the broker (for memory), so that silence is not the client's fault.</summary>
    bool IsReadingHeldBack { get; }

    /// <summary>Sends one response whole. Completes when its bytes and files are no longer needed.</summary>
    /// <exception cref="IOException">The client is gone or the connection was aborted.</exception>
    ValueTask SendAsync(ResponseBuffer frame);

    /// <summary>Makes the pending and every later read end as if the client had closed its side.</summary>
    void StopReading();

    /// <summary>Breaks the connection at once; pending reads and sends fail. Idempotent.</summary>
    void Abort();
}
