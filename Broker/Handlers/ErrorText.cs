using System.Diagnostics.CodeAnalysis;

namespace KBroker.Broker.Handlers;

/// <summary>Messages for clients often repeat what the client sent, which can be as long as a string may be.</summary>
internal static class ErrorText
{
    private const int MaxLength = 1000;

    /// <summary>The message, cut where it would not fit into an answer.</summary>
    [return: NotNullIfNotNull(nameof(message))]
    public static string? Fit(string? message) => message is { Length: > MaxLength } ? $"{message.AsSpan(0, MaxLength)}…" : message;
}
