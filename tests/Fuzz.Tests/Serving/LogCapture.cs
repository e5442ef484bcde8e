using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>Takes the broker's log: keeps what tells of an error, and measures every line.</summary>
internal sealed class LogCapture : ILoggerFactory, ILogger
{
    private const int MaxKept = 50;
    private const int MaxLineLength = 1024;

    /// <summary>Lines at Error and above, and lines with an exception; the first ones.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>Lines over 1 KB, or with control characters in them.</summary>
    public ConcurrentQueue<string> UnfitLines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string line = formatter(state, exception);
        if ((logLevel >= LogLevel.Error || exception is not null) && Errors.Count < MaxKept) Errors.Enqueue($"{logLevel} {line} {exception}");
        if ((line.Length > MaxLineLength || line.Any(char.IsControl)) && UnfitLines.Count < MaxKept) UnfitLines.Enqueue(line);
    }

    public void Dispose()
    {
    }
}
