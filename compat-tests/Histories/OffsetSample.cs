namespace KBroker.Compat.Tests.Histories;

/// <summary>An offset that never goes back, as it was at a time: a last stable offset, a high watermark, a committed offset.</summary>
/// <param name="Of">Whose.</param>
/// <param name="AskedAt">When it was asked for, in nanoseconds.</param>
/// <param name="AnsweredAt">When the answer was there.</param>
/// <param name="Offset">The answer.</param>
internal readonly record struct OffsetSample(string Of, long AskedAt, long AnsweredAt, long Offset);
