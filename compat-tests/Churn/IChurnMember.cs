namespace KBroker.Compat.Tests.Churn;

/// <summary>A member of a group that reads and commits until it leaves or is killed.</summary>
internal interface IChurnMember
{
    /// <summary>Its name in the history.</summary>
    string Name { get; }

    /// <summary>Whether it is a process of its own that can die at any moment without losing what it told.</summary>
    bool CanBeKilled { get; }

    /// <summary>Whether it has told of all that it commits when it leaves in order.</summary>
    bool CanLeave { get; }

    /// <summary>kill -9.</summary>
    void Kill();

    /// <summary>Asks it to leave in order.</summary>
    void Leave();

    /// <summary>Waits for it to be gone after it was asked to leave.</summary>
    Task WaitAsync();
}
