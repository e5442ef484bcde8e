using KBroker.Controller.Coordination;
using KBroker.Controller.Metadata;
using KBroker.Protocol;

namespace KBroker.Controller.Events;

/// <summary>Something the controller reacts to. The loop reads, decides, writes, publishes and completes, in this order.</summary>
internal abstract class ControllerEvent
{
    /// <summary>Fetches from the store what the decision depends on beside the state.</summary>
    public virtual ValueTask ReadAsync(ICoordinationSession session) => ValueTask.CompletedTask;

    /// <summary>Decides and remembers the answer. A function of the state and what was read, but for injected randomness.</summary>
    public abstract (IReadOnlyList<CoordinationOperation> Writes, ClusterMetadataDelta Delta) Decide(ControllerState state);

    /// <summary>Gives the answer decided on: the writes are durable and published.</summary>
    public abstract void Complete();

    /// <summary>This process is not the controller, or no longer: what was decided did not, or not wholly, take place.</summary>
    public abstract void Refuse(ErrorCode error);

    /// <summary>The disk or the code is broken.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>An event somebody waits for.</summary>
internal abstract class ControllerEvent<TResult> : ControllerEvent
{
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult _result = default!;

    /// <summary>The answer.</summary>
    public Task<TResult> Task => _completion.Task;

    public sealed override (IReadOnlyList<CoordinationOperation> Writes, ClusterMetadataDelta Delta) Decide(ControllerState state)
    {
        ControllerDecision<TResult> decision = Apply(state);
        _result = decision.Result;
        return (decision.Writes, decision.Delta);
    }

    public sealed override void Complete() => _completion.TrySetResult(_result);

    public sealed override void Refuse(ErrorCode error) => _completion.TrySetResult(Refusal(error));

    public sealed override void Fail(Exception exception) => _completion.TrySetException(exception);

    /// <summary>The decision.</summary>
    protected abstract ControllerDecision<TResult> Apply(ControllerState state);

    /// <summary>The answer when the event could not be handled.</summary>
    protected abstract TResult Refusal(ErrorCode error);
}
