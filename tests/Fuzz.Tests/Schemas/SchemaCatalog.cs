using System.Reflection;
using KBroker.Protocol;

namespace KBroker.Fuzz.Tests.Schemas;

/// <summary>All schemas, found by API key.</summary>
internal sealed class SchemaCatalog
{
    private readonly Dictionary<short, MessageSchema> _requests = [];
    private readonly Dictionary<short, MessageSchema> _responses = [];

    private SchemaCatalog()
    {
        Assembly assembly = typeof(SchemaCatalog).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith("schema/", StringComparison.Ordinal)))
        {
            using Stream json = assembly.GetManifestResourceStream(name)!;
            MessageSchema schema = MessageSchema.Parse(json);
            if (schema.Name == "RequestHeader") RequestHeader = schema;
            else if (schema.Name == "ResponseHeader") ResponseHeader = schema;
            else if (schema.Kind == "request") _requests[schema.ApiKey] = schema;
            else if (schema.Kind == "response") _responses[schema.ApiKey] = schema;
        }
    }

    public static SchemaCatalog Instance { get; } = new();

    public MessageSchema RequestHeader { get; } = null!;

    public MessageSchema ResponseHeader { get; } = null!;

    public IEnumerable<MessageSchema> Requests => _requests.Values;

    public MessageSchema? FindRequest(short apiKey) => _requests.GetValueOrDefault(apiKey);

    /// <summary>Where the fields of a request frame lie (no length in front); what cannot be followed ends the list.</summary>
    public FieldMap MapRequest(ReadOnlyMemory<byte> frame)
    {
        var walker = new MessageWalker(frame);
        if (frame.Length < 8) return walker.Finish();
        short key = walker.PeekInt16(0);
        short version = walker.PeekInt16(2);
        MessageSchema? body = FindRequest(key);
        if (body is null || !body.Valid.Contains(version) || ApiKeys.Find(key) is not { } api) return walker.Finish();
        walker.TryRead(RequestHeader, api.RequestHeaderVersion(version));
        walker.TryRead(body, version);
        return walker.Finish();
    }

    /// <summary>Where the fields of a response frame lie.</summary>
    public FieldMap MapResponse(ReadOnlyMemory<byte> frame, short apiKey, short version)
    {
        var walker = new MessageWalker(frame);
        walker.TryRead(ResponseHeader, ApiKeys.Find(apiKey)!.ResponseHeaderVersion(version));
        walker.TryRead(_responses[apiKey], version);
        return walker.Finish();
    }
}
