namespace KBroker.Cli;

/// <summary>A command cannot go on; the message is for the user and the exit code is <see cref="ExitCodes.Failure"/>.</summary>
/// <param name="message">What happened and, where possible, what to do about it.</param>
public sealed class CliException(string message) : Exception(message);
