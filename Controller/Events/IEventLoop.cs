namespace KBroker.Controller.Events;

/// <summary>Runs pieces of work one after another, in the order they were posted: the owner of the controller's state.</summary>
public interface IEventLoop : IAsyncDisposable
{
    /// <summary>Queues work, from any thread; false if the loop has ended and will not run it.</summary>
    bool Post(Func<Task> work);
}
