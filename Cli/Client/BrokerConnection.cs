using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Client;

/// <summary>
/// One connection to one broker. Requests may be sent by many callers at once; responses are matched by correlation id. Once
/// anything goes wrong the connection is closed, every waiting caller is told, and a new one has to be opened.
/// </summary>
public sealed class BrokerConnection : IAsyncDisposable
{
    private const int LargestResponse = 1 << 30;

    private readonly Stream _stream;
    private readonly ClientOptions _options;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<byte[]>> _pending = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _reading;
    private ApiVersionTable? _versions;
    private ClientException? _failure;
    private int _correlationId;

    private BrokerConnection(BrokerEndpoint endpoint, Stream stream, ClientOptions options)
    {
        Endpoint = endpoint;
        _stream = stream;
        _options = options;
        _reading = ReadResponsesAsync();
    }

    /// <summary>The broker's address.</summary>
    public BrokerEndpoint Endpoint { get; }

    /// <summary>Whether the connection is of no use any more.</summary>
    public bool IsClosed => Volatile.Read(ref _failure) is not null;

    /// <summary>What the broker serves.</summary>
    public ApiVersionTable Versions => _versions ?? throw new InvalidOperationException("The versions are not negotiated yet.");

    /// <summary>Connects and asks the broker for its versions.</summary>
    /// <exception cref="ClientException">The broker is not reachable, or is no Kafka broker.</exception>
    public static async Task<BrokerConnection> ConnectAsync(
        BrokerEndpoint endpoint, ClientOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        Stream stream;
        using (var timeout = new CancellationTokenSource(options.ConnectTimeout, options.Time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation))
        {
            try
            {
                stream = await options.Dial(endpoint, either.Token);
            }
            catch (Exception e) when (e is SocketException or IOException or ArgumentException)
            {
                throw new ClientException(ErrorCode.NetworkException, $"Could not connect to {endpoint}: {e.Message}", e);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                throw new ClientException(
                    ErrorCode.NetworkException, $"Could not connect to {endpoint} within {options.ConnectTimeout.TotalSeconds:0.#} s", e);
            }
        }

        var connection = new BrokerConnection(endpoint, stream, options);
        try
        {
            connection._versions = await connection.NegotiateAsync(cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a request in the highest common version and waits for its response.</summary>
    /// <exception cref="ClientException">The connection broke, the time is up, or there is no common version.</exception>
    public Task<TResponse> SendAsync<TResponse>(IApiMessage request, CancellationToken cancellation, short atMost = short.MaxValue)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        ArgumentNullException.ThrowIfNull(request);
        return SendVersionAsync<TResponse>(request, ChooseVersion(request.Key, atMost), cancellation);
    }

    /// <summary>Sends a request that the broker does not answer: Produce with acks=0.</summary>
    /// <exception cref="ClientException">The connection broke, or there is no common version.</exception>
    public async Task SendWithoutResponseAsync(IApiMessage request, CancellationToken cancellation, short atMost = short.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(request);
        short version = ChooseVersion(request.Key, atMost);
        await WriteAsync(RequestFrame.Write(request, version, Interlocked.Increment(ref _correlationId), _options.ClientId), cancellation);
    }

    /// <summary>Closes the connection; callers that wait are told.</summary>
    public async ValueTask DisposeAsync()
    {
        Fail(new ClientException(ErrorCode.NetworkException, $"The connection to {Endpoint} is closed"));
        await _reading;
        _closing.Dispose();
        _writing.Dispose();
    }

    private short ChooseVersion(ApiKey key, short atMost)
    {
        short version = Versions.Highest(key, atMost);
        return version >= 0
            ? version
            : throw new ClientException(
                ErrorCode.UnsupportedVersion, $"The broker at {Endpoint} does not serve {ApiKeys.Get(key).Name} in a version known here");
    }

    private async Task<ApiVersionTable> NegotiateAsync(CancellationToken cancellation)
    {
        short version = ApiKeys.Get(ApiKey.ApiVersions).HighestStableVersion;
        while (true)
        {
            var request = new ApiVersionsRequest
            {
                ClientSoftwareName = version >= 3 ? _options.SoftwareName : "",
                ClientSoftwareVersion = version >= 3 ? _options.SoftwareVersion : "",
            };
            byte[] frame = await ExchangeAsync(request, version, cancellation);
            ApiVersionsResponse response = Decode(frame, version);
            if (response.ErrorCode == ErrorCode.None) return new ApiVersionTable(response);
            short next = response.ErrorCode == ErrorCode.UnsupportedVersion ? LowerVersion(response, version) : (short)-1;
            if (next < 0) throw ClientException.Of(response.ErrorCode, null, $"The broker at {Endpoint} refuses ApiVersions");
            version = next;
        }

        ApiVersionsResponse Decode(byte[] frame, short asked)
        {
            // A broker that does not know the version answers in version 0, whatever was asked (KIP-511).
            bool isFallback = frame.Length >= 6
                && BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(4)) == (short)ErrorCode.UnsupportedVersion;
            return Read<ApiVersionsResponse>(frame, ApiKey.ApiVersions, isFallback ? (short)0 : asked);
        }
    }

    /// <summary>What to ask next: the highest that the fallback answer names, else 0; -1 when nothing lower is left.</summary>
    private static short LowerVersion(ApiVersionsResponse fallback, short tried)
    {
        if (tried == 0) return -1;
        short highest = new ApiVersionTable(fallback).Highest(ApiKey.ApiVersions);
        return highest >= 0 && highest < tried ? highest : (short)0;
    }

    private async Task<TResponse> SendVersionAsync<TResponse>(IApiMessage request, short version, CancellationToken cancellation)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        byte[] frame = await ExchangeAsync(request, version, cancellation);
        return Read<TResponse>(frame, request.Key, version);
    }

    private async Task<byte[]> ExchangeAsync(IApiMessage request, short version, CancellationToken cancellation)
    {
        int id = Interlocked.Increment(ref _correlationId);
        byte[] frame = RequestFrame.Write(request, version, id, _options.ClientId);
        var answer = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = answer;
        bool isSent = false;
        try
        {
            // After the entry is in the map a failure reaches it; before, it is seen here.
            if (Volatile.Read(ref _failure) is { } failure) throw Lost(failure);
            await WriteAsync(frame, cancellation);
            isSent = true;
            return await answer.Task.WaitAsync(_options.RequestTimeout, _options.Time, cancellation);
        }
        catch (TimeoutException e)
        {
            string text = $"The broker at {Endpoint} did not answer {ApiKeys.Get(request.Key).Name} "
                + $"within {_options.RequestTimeout.TotalSeconds:0.#} s";
            var timeout = new ClientException(ErrorCode.RequestTimedOut, text, e);
            Fail(timeout);
            throw timeout;
        }
        finally
        {
            // The answer to what was sent still comes when the caller has given up, and must be known then.
            if (!isSent) _pending.TryRemove(id, out _);
        }
    }

    private async Task WriteAsync(byte[] frame, CancellationToken cancellation)
    {
        try
        {
            await _writing.WaitAsync(cancellation);
            try
            {
                // A frame that is begun must be ended: the connection closes it, not the caller's cancellation.
                await _stream.WriteAsync(frame, _closing.Token);
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            Fail(new ClientException(ErrorCode.NetworkException, $"The connection to {Endpoint} broke", e));
            throw Lost(_failure!);
        }
    }

    private async Task ReadResponsesAsync()
    {
        var prefix = new byte[8];
        try
        {
            while (true)
            {
                int read = await _stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, _closing.Token);
                if (read < prefix.Length) throw new EndOfStreamException();
                int length = BinaryPrimitives.ReadInt32BigEndian(prefix);
                int id = BinaryPrimitives.ReadInt32BigEndian(prefix.AsSpan(4));
                if (length is < 4 or > LargestResponse || !_pending.TryRemove(id, out TaskCompletionSource<byte[]>? answer))
                    throw new MalformedMessageException($"a response of {length} bytes with correlation id {id}");
                byte[] frame;
                try
                {
                    frame = await ReadFrameAsync(prefix.AsMemory(4), length);
                }
                catch
                {
                    _pending[id] = answer;
                    throw;
                }

                answer.TrySetResult(frame);
            }
        }
        catch (Exception e)
        {
            // The loop's one catch-all: whatever ends it ends the connection, and the callers get to know why.
            string text = e is MalformedMessageException
                ? $"{Endpoint} does not answer in Kafka's protocol"
                : $"The broker at {Endpoint} closed the connection";
            Fail(new ClientException(e is MalformedMessageException ? ErrorCode.CorruptMessage : ErrorCode.NetworkException, text, e));
        }
    }

    private async ValueTask<byte[]> ReadFrameAsync(ReadOnlyMemory<byte> start, int length)
    {
        const int Trusted = 1 << 26;
        byte[] frame = GC.AllocateUninitializedArray<byte>(Math.Min(length, Trusted));
        start.CopyTo(frame);
        int filled = start.Length;
        while (true)
        {
            await _stream.ReadExactlyAsync(frame.AsMemory(filled), _closing.Token);
            filled = frame.Length;
            if (filled == length) return frame;
            // Memory grows with what has come, not with what was announced.
            Array.Resize(ref frame, (int)Math.Min(length, frame.Length * 2L));
        }
    }

    private TResponse Read<TResponse>(byte[] frame, ApiKey key, short version)
        where TResponse : WireStruct, IApiMessage<TResponse>
    {
        try
        {
            var reader = new KafkaReader((ReadOnlyMemory<byte>)frame);
            ResponseFrame.ReadHeader(ref reader, key, version);
            return TResponse.Read(ref reader, version);
        }
        catch (MalformedMessageException e)
        {
            var failure = new ClientException(
                ErrorCode.CorruptMessage, $"The broker at {Endpoint} sent a malformed {ApiKeys.Get(key).Name} response: {e.Message}", e);
            Fail(failure);
            throw failure;
        }
    }

    private void Fail(ClientException failure)
    {
        if (Interlocked.CompareExchange(ref _failure, failure, null) is not null) return;
        _closing.Cancel();
        _stream.Dispose();
        foreach (int id in _pending.Keys)
            if (_pending.TryRemove(id, out TaskCompletionSource<byte[]>? answer)) answer.TrySetException(Lost(failure));
    }

    /// <summary>A fresh exception for each caller that a failure of the connection concerns.</summary>
    private static ClientException Lost(ClientException failure) => new(failure.Code, failure.Message, failure);
}
