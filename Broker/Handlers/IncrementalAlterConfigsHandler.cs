using KBroker.Broker.Configuration.Alterations;
using KBroker.Broker.Connections;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Handlers;

/// <summary>
/// IncrementalAlterConfigs (key 44): sets, deletes, appends to and subtracts from single settings of topics, brokers and groups (KIP-339).
/// </summary>
/// <remarks>
/// Versions 0-1. v1: flexible. Settings that a request does not name stay as they are. Append and subtract are for lists. A
/// resource named twice, a setting named twice and an unknown operation are INVALID_REQUEST for that resource.
/// </remarks>
public sealed class IncrementalAlterConfigsHandler : ApiHandler<IncrementalAlterConfigsRequest>
{
    private readonly ConfigAlterer _alterer;

    /// <param name="alterer">Changes configurations.</param>
    public IncrementalAlterConfigsHandler(ConfigAlterer alterer)
        : base(ApiKey.IncrementalAlterConfigs, IncrementalAlterConfigsRequest.LowestVersion, IncrementalAlterConfigsRequest.HighestVersion)
    {
        _alterer = alterer;
    }

    /// <inheritdoc/>
    protected override ValueTask<PendingResponse> HandleAsync(RequestContext context, IncrementalAlterConfigsRequest request) =>
        ValueTask.FromResult(PendingResponse.Later(AlterAsync(request)));

    private async Task<IApiMessage> AlterAsync(IncrementalAlterConfigsRequest request)
    {
        ResourceAlteration[] alterations = [.. request.Resources.Select(resource => new ResourceAlteration(
            resource.ResourceType,
            resource.ResourceName,
            [.. resource.Configs.Select(config => new ConfigChange(config.Name, (ConfigOperation)config.ConfigOperation, config.Value))],
            ReplacesAll: false))];
        AlterationResult[] results = await _alterer.AlterAsync(alterations, request.ValidateOnly).ConfigureAwait(false);
        return new IncrementalAlterConfigsResponse
        {
            Responses = [.. results.Select((result, i) => new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = result.Error,
                ErrorMessage = ErrorText.Fit(result.Message),
                ResourceType = alterations[i].Type,
                ResourceName = alterations[i].Name,
            })],
        };
    }
}
