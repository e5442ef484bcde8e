using KBroker.Broker.Partitions;
using KBroker.Protocol;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Broker.Fetching;

/// <summary>Turns what was read into a Fetch response.</summary>
internal static class FetchAnswers
{
    /// <summary>The answer to a request whose session is wrong.</summary>
    public static FetchResponse Failed(ErrorCode error) => new() { ErrorCode = error };

    /// <summary>The answer to a request that was read; it takes over the records of <paramref name="round"/>.</summary>
    public static FetchResponse Create(FetchContext fetch, FetchRound round, bool usesTopicIds, ReadIsolation isolation)
    {
        ReadOnlySpan<PartitionReadResult> results = round.Results;
        var outcomes = new FetchPartitionOutcome[results.Length];
        for (int i = 0; i < results.Length; i++)
        {
            ref readonly PartitionReadResult result = ref results[i];
            outcomes[i] = new FetchPartitionOutcome(
                result.Error, result.HighWatermark, result.LogStartOffset, result.Length, result.DivergingEpoch is not null);
        }

        FetchAnswer answer = fetch.Complete(outcomes);
        if (answer.Error != ErrorCode.None)
        {
            round.Release();
            return new FetchResponse { ErrorCode = answer.Error, SessionId = answer.SessionId };
        }

        return new FetchResponse
        {
            SessionId = answer.SessionId,
            Responses = Topics(fetch.Partitions, results, outcomes, usesTopicIds, isolation),
        };
    }

    private static FetchResponse.FetchableTopicResponse[] Topics(
        IReadOnlyList<FetchPartition> partitions,
        ReadOnlySpan<PartitionReadResult> results,
        ReadOnlySpan<FetchPartitionOutcome> outcomes,
        bool usesTopicIds,
        ReadIsolation isolation)
    {
        var topics = new List<FetchResponse.FetchableTopicResponse>();
        var run = new List<FetchResponse.PartitionData>();
        for (int i = 0; i < results.Length; i++)
        {
            FetchPartitionKey key = partitions[i].Key;
            if (!outcomes[i].Omitted) run.Add(PartitionData(key.Index, results[i], isolation));
            bool lastOfTopic = i + 1 == results.Length || !SameTopic(key, partitions[i + 1].Key);
            if (!lastOfTopic || run.Count == 0) continue;
            topics.Add(new FetchResponse.FetchableTopicResponse
            {
                Topic = usesTopicIds ? "" : key.Topic!,
                TopicId = key.TopicId,
                Partitions = [.. run],
            });
            run.Clear();
        }

        return [.. topics];
    }

    private static bool SameTopic(FetchPartitionKey a, FetchPartitionKey b) =>
        a.TopicId == b.TopicId && string.Equals(a.Topic, b.Topic, StringComparison.Ordinal);

    private static FetchResponse.PartitionData PartitionData(int index, in PartitionReadResult result, ReadIsolation isolation)
    {
        var data = new FetchResponse.PartitionData
        {
            PartitionIndex = index,
            ErrorCode = result.Error,
            HighWatermark = result.HighWatermark,
            LastStableOffset = result.LastStableOffset,
            LogStartOffset = result.LogStartOffset,
            AbortedTransactions = isolation == ReadIsolation.ReadCommitted && result.Error == ErrorCode.None ? Aborted(result) : null,
            Records = result.Records is { } records ? new RecordsData(records) : new RecordsData(ReadOnlyMemory<byte>.Empty),
        };
        if (result.DivergingEpoch is { } diverging)
            data.DivergingEpoch = new() { Epoch = diverging.Epoch.Value, EndOffset = diverging.EndOffset };
        return data;
    }

    private static FetchResponse.AbortedTransaction[] Aborted(in PartitionReadResult result)
    {
        if (result.AbortedTransactions is not { } aborted) return [];
        var answers = new FetchResponse.AbortedTransaction[aborted.Count];
        for (int i = 0; i < answers.Length; i++) answers[i] = new() { ProducerId = aborted[i].ProducerId, FirstOffset = aborted[i].FirstOffset };
        return answers;
    }
}
