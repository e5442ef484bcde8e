using KBroker.Controller;
using KBroker.Protocol;

namespace KBroker.Broker.Metadata;

/// <summary>
/// Creates topics that clients ask for by name, with <c>num.partitions</c> and <c>default.replication.factor</c>. However many
/// clients ask for a topic at once, the controller is asked once.
/// </summary>
/// <param name="controller">Creates them.</param>
public sealed class TopicAutoCreator(IClusterController controller)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<IReadOnlyDictionary<string, ErrorCode>>> _inFlight = new(StringComparer.Ordinal);

    /// <summary>Creates topics and waits until this broker's metadata shows them.</summary>
    /// <param name="topics">Distinct names, valid or not.</param>
    /// <returns>
    /// For each name why it was not created, or none. A topic that somebody else created meanwhile is no error; a process that
    /// is not the controller gives LEADER_NOT_AVAILABLE, which makes the client ask again.
    /// </returns>
    public async Task<IReadOnlyDictionary<string, ErrorCode>> CreateAsync(IReadOnlyCollection<string> topics)
    {
        var answer = new TaskCompletionSource<IReadOnlyDictionary<string, ErrorCode>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var own = new List<string>();
        var others = new HashSet<Task<IReadOnlyDictionary<string, ErrorCode>>>();
        lock (_gate)
        {
            foreach (string topic in topics)
            {
                if (_inFlight.TryGetValue(topic, out Task<IReadOnlyDictionary<string, ErrorCode>>? creation)) others.Add(creation);
                else own.Add(topic);
            }

            foreach (string topic in own) _inFlight.Add(topic, answer.Task);
        }

        var errors = new Dictionary<string, ErrorCode>(StringComparer.Ordinal);
        if (own.Count > 0) Merge(errors, await CreateOwnAsync(own, answer).ConfigureAwait(false));
        foreach (Task<IReadOnlyDictionary<string, ErrorCode>> creation in others) Merge(errors, await creation.ConfigureAwait(false));
        return errors;
    }

    private async Task<IReadOnlyDictionary<string, ErrorCode>> CreateOwnAsync(
        List<string> topics, TaskCompletionSource<IReadOnlyDictionary<string, ErrorCode>> answer)
    {
        try
        {
            IReadOnlyList<CreateTopicResult> results = await controller
                .CreateTopicsAsync([.. topics.Select(NewTopic.WithDefaults)], validateOnly: false).ConfigureAwait(false);
            var errors = results.ToDictionary(result => result.Name, result => ForClients(result.Error), StringComparer.Ordinal);
            answer.SetResult(errors);
            return errors;
        }
        catch (Exception e)
        {
            answer.SetException(e);
            // Those who wait for this creation, if any, see the exception for themselves.
            _ = answer.Task.Exception;
            throw;
        }
        finally
        {
            lock (_gate)
            {
                foreach (string topic in topics) _inFlight.Remove(topic);
            }
        }
    }

    private static ErrorCode ForClients(ErrorCode error) => error switch
    {
        ErrorCode.TopicAlreadyExists => ErrorCode.None,
        ErrorCode.NotController => ErrorCode.LeaderNotAvailable,
        _ => error,
    };

    private static void Merge(Dictionary<string, ErrorCode> into, IReadOnlyDictionary<string, ErrorCode> errors)
    {
        foreach ((string topic, ErrorCode error) in errors) into[topic] = error;
    }
}
