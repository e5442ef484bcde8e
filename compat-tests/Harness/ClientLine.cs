namespace KBroker.Compat.Tests.Harness;

/// <summary>What a client process tells as it happens, on one line of its output.</summary>
/// <param name="Event">What happened.</param>
/// <param name="Nanoseconds">When, by the machine's monotonic clock, which is that of <see cref="System.Diagnostics.Stopwatch"/> too.</param>
/// <param name="Text">The rest of the line.</param>
internal readonly record struct ClientLine(string Event, long Nanoseconds, string Text);
