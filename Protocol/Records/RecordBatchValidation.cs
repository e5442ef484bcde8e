namespace KBroker.Protocol.Records;

/// <summary>The verdict on the records of one partition in a Produce request.</summary>
public readonly struct RecordBatchValidation
{
    private RecordBatchValidation(ErrorCode errorCode, string? message, IReadOnlyList<RecordError> errors, RecordBatchSummary summary)
    {
        ErrorCode = errorCode;
        ErrorMessage = message;
        RecordErrors = errors;
        Summary = summary;
    }

    /// <summary><see cref="ErrorCode.None"/>, or why the batch is refused.</summary>
    public ErrorCode ErrorCode { get; }

    /// <summary>What is wrong, in words for the producer; null if nothing is.</summary>
    public string? ErrorMessage { get; }

    /// <summary>The records that are to blame, where single ones are: at most <see cref="RecordBatchValidator.MaxRecordErrors"/>.</summary>
    public IReadOnlyList<RecordError> RecordErrors { get; }

    /// <summary>What the batch holds; meaningful only if it is valid.</summary>
    public RecordBatchSummary Summary { get; }

    /// <summary>Whether the batch may be appended.</summary>
    public bool IsValid => ErrorCode == ErrorCode.None;

    internal static RecordBatchValidation Valid(in RecordBatchSummary summary) => new(ErrorCode.None, null, [], summary);

    internal static RecordBatchValidation Refused(ErrorCode code, string message) => new(code, message, [], default);

    internal static RecordBatchValidation Refused(ErrorCode code, string message, IReadOnlyList<RecordError> errors) =>
        new(code, message, errors, default);
}
