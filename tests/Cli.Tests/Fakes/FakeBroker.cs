using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KBroker.Cli.Client;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Cli.Tests.Fakes;

/// <summary>A broker of one socket: it answers what the test tells it to, in Kafka's frames.</summary>
internal sealed class FakeBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly ConcurrentDictionary<ApiKey, Handler> _handlers = new();
    private readonly Task _accepting;

    public FakeBroker()
    {
        _listener.Start();
        Endpoint = new BrokerEndpoint("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port);
        Versions[ApiKey.ApiVersions] = (0, 4);
        On<ApiVersionsRequest>(ApiKey.ApiVersions, (_, version) => version > Versions[ApiKey.ApiVersions].Highest
            ? new ApiVersionsResponse { ErrorCode = ErrorCode.UnsupportedVersion, ApiKeys = [Row(ApiKey.ApiVersions)] }
            : new ApiVersionsResponse { ApiKeys = [.. Versions.Keys.Select(Row)] });
        _accepting = AcceptAsync();
    }

    private delegate IApiMessage? Handler(ReadOnlyMemory<byte> body, short version);

    public BrokerEndpoint Endpoint { get; }

    /// <summary>What ApiVersions says.</summary>
    public ConcurrentDictionary<ApiKey, (short Lowest, short Highest)> Versions { get; } = new();

    /// <summary>The requests, in the order they came.</summary>
    public ConcurrentQueue<(ApiKey Key, short Version)> Seen { get; } = new();

    /// <summary>What it sends instead of any answer, if set.</summary>
    public byte[]? RawAnswer { get; set; }

    /// <summary>Whether it reads requests and never answers.</summary>
    public bool IsSilent { get; set; }

    /// <summary>How many connections it took.</summary>
    public int Connections => _clients.Count;

    public int Count(ApiKey key) => Seen.Count(item => item.Key == key);

    /// <summary>Serves an API; null from the handler means no response.</summary>
    public void On<TRequest>(ApiKey key, Func<TRequest, short, IApiMessage?> handler)
        where TRequest : WireStruct, IApiMessage<TRequest>
    {
        ApiKeyInfo api = ApiKeys.Get(key);
        Versions.TryAdd(key, (api.LowestVersion, api.HighestStableVersion));
        _handlers[key] = (body, version) =>
        {
            var reader = new KafkaReader(body);
            TRequest request = TRequest.Read(ref reader, version);
            Assert.Equal(0, reader.Remaining);
            return handler(request, version);
        };
    }

    /// <summary>Cuts all connections.</summary>
    public void Disconnect()
    {
        foreach (TcpClient client in _clients) client.Close();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Disconnect();
        await _accepting;
        _stop.Dispose();
    }

    private ApiVersionsResponse.ApiVersion Row(ApiKey key) =>
        new() { ApiKey = (short)key, MinVersion = Versions[key].Lowest, MaxVersion = Versions[key].Highest };

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                client.NoDelay = true;
                _clients.Add(client);
                _ = Task.Run(() => ServeAsync(client.GetStream()));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        try
        {
            var prefix = new byte[4];
            while (true)
            {
                await stream.ReadExactlyAsync(prefix, _stop.Token);
                var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix)];
                await stream.ReadExactlyAsync(frame, _stop.Token);
                byte[]? answer = RawAnswer ?? Answer(frame);
                if (answer is not null && !IsSilent) await stream.WriteAsync(answer, _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The client left, or the test cut the connection.
        }
    }

    private byte[]? Answer(byte[] frame)
    {
        var reader = new KafkaReader((ReadOnlyMemory<byte>)frame);
        RequestHeader header = RequestFrame.ReadHeader(ref reader);
        var key = (ApiKey)header.RequestApiKey;
        short version = header.RequestApiVersion;
        Seen.Enqueue((key, version));
        if (key == ApiKey.ApiVersions && version > Versions[key].Highest)
        {
            var refusal = new ApiVersionsResponse { ErrorCode = ErrorCode.UnsupportedVersion, ApiKeys = [Row(key)] };
            return ResponseFrame.ToArray(refusal, 0, header.CorrelationId);
        }

        IApiMessage? response = _handlers[key](frame.AsMemory(reader.Position), version);
        return response is null ? null : ResponseFrame.ToArray(response, version, header.CorrelationId);
    }
}
