using System.Text.RegularExpressions;
using KBroker.Broker.Connections;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// ApiVersions (18), versions 0-5: which APIs and versions this listener serves.
/// v1: throttle time. v2: throttled answers are sent before the wait. v3: flexible; client software name and version
/// (KIP-511); features (KIP-584). v4: features of level 0 are named too (KIP-1022). v5: the cluster and node the client means
/// to talk to (KIP-1242). A version above 5 is answered in version 0 with UNSUPPORTED_VERSION and the range of this API.
/// </summary>
public sealed partial class ApiVersionsHandler : ApiHandler<ApiVersionsRequest>
{
    private const short NamesSoftwareFrom = 3;
    private const short NamesLevelZeroFrom = 4;

    // Clients believe the features with the highest number: it rises when a version of this program changes them.
    private const long FeaturesEpoch = 1;

    private readonly IReadOnlyList<ApiVersionRange> _served;
    private readonly string? _clusterId;
    private readonly int _nodeId;
    private ApiVersionsResponse? _answer;
    private ApiVersionsResponse? _answerWithLevelZero;

    /// <summary>Answers from the list of what is served, which is complete before the first request.</summary>
    /// <param name="served">The versions of every API, this one included.</param>
    /// <param name="clusterId">The cluster this broker belongs to; null skips the check of v5.</param>
    /// <param name="nodeId">This broker's id; -1 skips the check of v5.</param>
    public ApiVersionsHandler(IReadOnlyList<ApiVersionRange> served, string? clusterId, int nodeId)
        : base(ApiKey.ApiVersions, ApiVersionsRequest.LowestVersion, ApiVersionsRequest.HighestVersion)
    {
        _served = served;
        _clusterId = clusterId;
        _nodeId = nodeId;
    }

    /// <inheritdoc/>
    public override IApiMessage? UnsupportedVersionResponse => new ApiVersionsResponse
    {
        ErrorCode = ErrorCode.UnsupportedVersion,
        ApiKeys = [Row(new ApiVersionRange(ApiKey.ApiVersions, LowestVersion, HighestVersion))],
    };

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, ApiVersionsRequest request)
    {
        if (context.ApiVersion >= NamesSoftwareFrom)
        {
            if (!IsSoftwareName(request.ClientSoftwareName) || !IsSoftwareName(request.ClientSoftwareVersion))
                return Failed(ErrorCode.InvalidRequest);
            context.Connection.ClientSoftwareName = request.ClientSoftwareName;
            context.Connection.ClientSoftwareVersion = request.ClientSoftwareVersion;
        }

        if (IsMeantForAnother(request)) return Failed(ErrorCode.RebootstrapRequired);
        return new(PendingResponse.Ready(context.ApiVersion >= NamesLevelZeroFrom
            ? _answerWithLevelZero ??= Answer(lowestLevel: 0)
            : _answer ??= Answer(lowestLevel: 1)));
    }

    // Clients of version 3 fail at a feature that begins with level 0; what is in force they understand (KAFKA-17492).
    private ApiVersionsResponse Answer(short lowestLevel) => new()
    {
        ApiKeys = [.. _served.Select(Row)],
        SupportedFeatures =
        [
            .. BrokerFeature.All.Where(feature => feature.Lowest >= lowestLevel).Select(feature =>
                new ApiVersionsResponse.SupportedFeatureKey { Name = feature.Name, MinVersion = feature.Lowest, MaxVersion = feature.Highest }),
        ],
        FinalizedFeaturesEpoch = FeaturesEpoch,
        FinalizedFeatures =
        [
            .. BrokerFeature.All.Where(feature => feature.Finalized > 0).Select(feature =>
                new ApiVersionsResponse.FinalizedFeatureKey { Name = feature.Name, MinVersionLevel = feature.Finalized, MaxVersionLevel = feature.Finalized }),
        ],
    };

    private bool IsMeantForAnother(ApiVersionsRequest request) =>
        (request.ClusterId is { } cluster && _clusterId is not null && cluster != _clusterId)
        || (request.NodeId >= 0 && _nodeId >= 0 && request.NodeId != _nodeId);

    private static ValueTask<PendingResponse> Failed(ErrorCode error) =>
        new(PendingResponse.Ready(new ApiVersionsResponse { ErrorCode = error }));

    private static ApiVersionsResponse.ApiVersion Row(ApiVersionRange range) =>
        new() { ApiKey = (short)range.ApiKey, MinVersion = range.Lowest, MaxVersion = range.Highest };

    private static bool IsSoftwareName(string text) => SoftwareName().IsMatch(text);

    /// <summary>Letters and digits, with dots and hyphens between them (KIP-511).</summary>
    [GeneratedRegex(@"^[a-zA-Z0-9]([a-zA-Z0-9.\-]*[a-zA-Z0-9])?\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex SoftwareName();
}
