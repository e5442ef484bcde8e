namespace KBroker.LogEngine.Directories;

/// <summary>
/// A log directory that must not be used: locked by another process, or another broker's or cluster's. The message says what to do.
/// </summary>
public sealed class LogDirectoryException(string message) : Exception(message);
