using KBroker.Broker.Configuration.Alterations;
using KBroker.Broker.Connections;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// AlterConfigs (key 33): replaces the whole configuration of topics, brokers and groups (KIP-133).
/// </summary>
/// <remarks>
/// Versions 0-2. v1: the client backs off by itself when throttled. v2: flexible. What a request does not name goes back to its
/// default; IncrementalAlterConfigs came in its stead.
/// </remarks>
public sealed class AlterConfigsHandler : ApiHandler<AlterConfigsRequest>
{
    private readonly ConfigAlterer _alterer;

    /// <param name="alterer">Changes configurations.</param>
    public AlterConfigsHandler(ConfigAlterer alterer)
        : base(ApiKey.AlterConfigs, AlterConfigsRequest.LowestVersion, AlterConfigsRequest.HighestVersion)
    {
        _alterer = alterer;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, AlterConfigsRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(AlterAsync(request)));

    private async Task<IApiMessage> AlterAsync(AlterConfigsRequest request)
    {
        ResourceAlteration[] alterations = [.. request.Resources.Select(resource => new ResourceAlteration(
            resource.ResourceType,
            resource.ResourceName,
            [.. resource.Configs.Select(config => new ConfigChange(config.Name, ConfigOperation.Set, config.Value))],
            ReplacesAll: true))];
        AlterationResult[] results = await _alterer.AlterAsync(alterations, request.ValidateOnly).ConfigureAwait(false);
        return new AlterConfigsResponse
        {
            Responses = [.. results.Select((result, i) => new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = result.Error,
                ErrorMessage = ErrorText.Fit(result.Message),
                ResourceType = alterations[i].Type,
                ResourceName = alterations[i].Name,
            })],
        };
    }
}
