namespace KBroker.Controller.Coordination.Tree;

/// <summary>The outcome of one transaction: the state afterwards (the same if it failed) and what watches have to hear.</summary>
internal readonly record struct TreeStep(TreeState State, MultiResult Result, IReadOnlyList<WatchEvent> Changes);
