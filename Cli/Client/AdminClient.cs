using KBroker.Protocol;
using KBroker.Protocol.Messages;

namespace KBroker.Cli.Client;

/// <summary>Creates, changes, describes and deletes topics and configurations. Every failure is a <see cref="ClientException"/>.</summary>
public sealed class AdminClient(ClusterClient cluster)
{
    /// <summary>The resource type of a topic in the configuration requests.</summary>
    public const sbyte TopicResource = 2;

    /// <summary>The resource type of a broker in the configuration requests.</summary>
    public const sbyte BrokerResource = 4;

    /// <summary>The resource type of a group in the configuration requests (KIP-848).</summary>
    public const sbyte GroupResource = 32;

    private int TimeoutMs => (int)Math.Min(int.MaxValue, cluster.Options.RequestTimeout.TotalMilliseconds);

    /// <summary>All topics by name, those that cannot be read left out.</summary>
    public async Task<IReadOnlyList<MetadataResponse.MetadataResponseTopic>> ListTopicsAsync(CancellationToken cancellation)
    {
        MetadataResponse response = await MetadataAsync(cancellation);
        return [.. response.Topics.Where(topic => topic.Name is not null).OrderBy(topic => topic.Name, StringComparer.Ordinal)];
    }

    /// <summary>All brokers, topics and the controller.</summary>
    public async Task<MetadataResponse> MetadataAsync(CancellationToken cancellation)
    {
        // The first request is the one that finds out that nobody is there; later ones may be tried again.
        var backoff = new RetryBackoff(cluster.Options, cluster.Options.ApiTimeout);
        while (true)
        {
            try
            {
                return await cluster.GetMetadataAsync(topics: null, allowAutoCreation: false, cancellation);
            }
            catch (ClientException e) when (e.IsRetriable && !backoff.IsExhausted)
            {
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    /// <summary>Creates one topic and returns the broker's verdict.</summary>
    public async Task<CreateTopicsResponse.CreatableTopicResult> CreateTopicAsync(
        CreateTopicsRequest.CreatableTopic topic, CancellationToken cancellation)
    {
        var request = new CreateTopicsRequest { Topics = [topic], TimeoutMs = TimeoutMs };
        CreateTopicsResponse response = await cluster.SendToControllerAsync<CreateTopicsResponse>(
            request, static answer => First(answer.Topics)?.ErrorCode ?? ErrorCode.None, cancellation);
        return First(response.Topics) ?? throw NoAnswer("CreateTopics");
    }

    /// <summary>Raises the number of partitions of topics.</summary>
    public async Task<IReadOnlyList<CreatePartitionsResponse.CreatePartitionsTopicResult>> CreatePartitionsAsync(
        IReadOnlyList<CreatePartitionsRequest.CreatePartitionsTopic> topics, CancellationToken cancellation)
    {
        var request = new CreatePartitionsRequest { Topics = [.. topics], TimeoutMs = TimeoutMs };
        CreatePartitionsResponse response = await cluster.SendToControllerAsync<CreatePartitionsResponse>(
            request, static answer => First(answer.Results)?.ErrorCode ?? ErrorCode.None, cancellation);
        return response.Results;
    }

    /// <summary>Deletes topics by name.</summary>
    public async Task<IReadOnlyList<DeleteTopicsResponse.DeletableTopicResult>> DeleteTopicsAsync(
        IReadOnlyList<string> names, CancellationToken cancellation)
    {
        BrokerConnection broker = await cluster.AnyBrokerAsync(cancellation);
        bool byState = broker.Versions.Highest(ApiKey.DeleteTopics) >= 6;
        var request = new DeleteTopicsRequest
        {
            Topics = byState ? [.. names.Select(name => new DeleteTopicsRequest.DeleteTopicState { Name = name })] : [],
            TopicNames = byState ? [] : [.. names],
            TimeoutMs = TimeoutMs,
        };
        DeleteTopicsResponse response = await cluster.SendToControllerAsync<DeleteTopicsResponse>(
            request, static answer => First(answer.Responses)?.ErrorCode ?? ErrorCode.None, cancellation);
        return response.Responses;
    }

    /// <summary>
    /// The configurations of topics, or of one broker, which answers for itself. The results stand in the order of the names.
    /// </summary>
    public async Task<IReadOnlyList<DescribeConfigsResponse.DescribeConfigsResult>> DescribeConfigsAsync(
        sbyte type, IReadOnlyList<string> names, bool withSynonyms, CancellationToken cancellation)
    {
        if (names.Count == 0) return [];
        var request = new DescribeConfigsRequest
        {
            Resources = [.. names.Select(name => new DescribeConfigsRequest.DescribeConfigsResource
            {
                ResourceType = type,
                ResourceName = name,
                ConfigurationKeys = null,
            })],
            IncludeSynonyms = withSynonyms,
        };
        DescribeConfigsResponse response;
        if (type == BrokerResource && int.TryParse(names[0], out int brokerId))
        {
            await MetadataAsync(cancellation);
            BrokerConnection broker = await cluster.BrokerAsync(brokerId, cancellation);
            response = await broker.SendAsync<DescribeConfigsResponse>(request, cancellation);
        }
        else
        {
            response = await cluster.SendAsync<DescribeConfigsResponse>(request, cancellation);
        }

        var byName = response.Results.ToDictionary(result => result.ResourceName, StringComparer.Ordinal);
        return [.. names.Select(name => byName.GetValueOrDefault(name) ?? throw NoAnswer("DescribeConfigs"))];
    }

    /// <summary>The groups that have a configuration of their own, by id.</summary>
    public async Task<IReadOnlyList<string>> ListConfiguredGroupsAsync(CancellationToken cancellation)
    {
        BrokerConnection broker = await cluster.AnyBrokerAsync(cancellation);
        if (broker.Versions.Highest(ApiKey.ListConfigResources) < 1)
            throw new ClientException(ErrorCode.UnsupportedVersion, $"The broker at {broker.Endpoint} is too old to list groups that have configurations: name one");
        ListConfigResourcesResponse response = await cluster.SendAsync<ListConfigResourcesResponse>(
            new ListConfigResourcesRequest { ResourceTypes = [GroupResource] }, cancellation);
        if (response.ErrorCode != ErrorCode.None) throw ClientException.Of(response.ErrorCode, null, "Cannot list the groups that have configurations");
        return [.. response.ConfigResources.Where(one => one.ResourceType == GroupResource).Select(one => one.ResourceName).Order(StringComparer.Ordinal)];
    }

    /// <summary>Sets and deletes configurations of a topic, of a group, of one broker, or, with an empty name, of all brokers.</summary>
    public async Task AlterConfigsAsync(
        sbyte type, string name, IReadOnlyList<IncrementalAlterConfigsRequest.AlterableConfig> changes, CancellationToken cancellation)
    {
        var request = new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = type, ResourceName = name, Configs = [.. changes] }],
        };
        IncrementalAlterConfigsResponse response;
        if (type == BrokerResource && int.TryParse(name, out int brokerId))
        {
            await MetadataAsync(cancellation);
            BrokerConnection broker = await cluster.BrokerAsync(brokerId, cancellation);
            response = await broker.SendAsync<IncrementalAlterConfigsResponse>(request, cancellation);
        }
        else
        {
            response = await cluster.SendToControllerAsync<IncrementalAlterConfigsResponse>(
                request, static answer => First(answer.Responses)?.ErrorCode ?? ErrorCode.None, cancellation);
        }

        IncrementalAlterConfigsResponse.AlterConfigsResourceResponse result =
            First(response.Responses) ?? throw NoAnswer("IncrementalAlterConfigs");
        if (result.ErrorCode != ErrorCode.None)
            throw ClientException.Of(result.ErrorCode, result.ErrorMessage, "The configuration is not changed");
    }

    private static T? First<T>(T[] items)
        where T : class => items.Length > 0 ? items[0] : null;

    private static ClientException NoAnswer(string api) =>
        new(ErrorCode.UnknownServerError, $"The broker's {api} response does not speak of what was asked");
}
