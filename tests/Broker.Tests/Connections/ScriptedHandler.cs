using KBroker.Broker.Connections;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Tests.Connections;

/// <summary>Serves one API as a test says.</summary>
internal sealed class ScriptedHandler(ApiKey key, Func<RequestContext, ValueTask<PendingResponse>> script)
    : ApiHandler(key, ApiKeys.Get(key).LowestVersion, ApiKeys.Get(key).HighestVersion)
{
    public override ValueTask<PendingResponse> HandleAsync(in RequestContext context) => script(context);

    /// <summary>Answers Heartbeat with the version the request body carries as generation, so that order shows.</summary>
    public static ScriptedHandler Heartbeat(Func<RequestContext, HeartbeatRequest, ValueTask<PendingResponse>> script) =>
        new(ApiKey.Heartbeat, context => script(context, context.ReadBody<HeartbeatRequest>()));

    /// <summary>Answers every Heartbeat at once, echoing the generation as throttle time.</summary>
    public static ScriptedHandler EchoHeartbeat() => Heartbeat((_, request) => new(PendingResponse.Ready(Echo(request))));

    public static IApiMessage Echo(HeartbeatRequest request) => new HeartbeatResponse { ThrottleTimeMs = request.GenerationId };

    public static HeartbeatRequest Request(int number) => new() { GroupId = "g", MemberId = "m", GenerationId = number };

    /// <summary>Takes Produce requests of any content, tells their size, and answers with an empty response.</summary>
    public static ScriptedHandler RawProduce(Action<ReadOnlyMemory<byte>> observe) => new(ApiKey.Produce, context =>
    {
        observe(context.Body);
        return new(PendingResponse.Ready(new ProduceResponse()));
    });
}
