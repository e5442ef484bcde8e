namespace KBroker.Broker.Connections;

/// <summary>A response with what is needed to encode it.</summary>
internal readonly record struct QueuedResponse(PendingResponse Response, short ApiVersion, int CorrelationId)
{
    /// <summary>Releases what the response holds, now or when it is complete, because nobody will send it.</summary>
    public void Discard()
    {
        if (Response.Message is { } message)
        {
            ResponseEncoder.Discard(message, ApiVersion);
        }
        else if (Response.Task is { } task)
        {
            short version = ApiVersion;
            _ = task.ContinueWith(
                completed => ResponseEncoder.Discard(completed.Result, version),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }
}
