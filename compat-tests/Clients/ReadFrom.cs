namespace KBroker.Compat.Tests.Clients;

/// <summary>Where a consumer starts: the beginning unless an offset or a time (ms since 1970) is given.</summary>
internal readonly record struct ReadFrom(long? Offset = null, long? Time = null);
