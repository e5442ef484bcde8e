namespace KBroker.Protocol.Records;

/// <summary>Judges the keys and timestamps of a batch's records one by one and sums up what the batch holds.</summary>
internal ref struct RecordChecks
{
    private readonly RecordBatchHeader _batch;
    private readonly bool _requireKeys;
    private readonly bool _checkTimestamps;
    private readonly bool _isLogAppendTime;
    private readonly long _baseTimestamp;
    private readonly long _earliest;
    private readonly long _latest;

    private List<RecordError>? _errors;
    private int _errorCount;
    private bool _badTimestamp;
    private long _maxTimestamp = RecordBatchFormat.None;
    private int _maxTimestampIndex;

    public RecordChecks(RecordBatchHeader batch, in RecordValidationOptions options)
    {
        _batch = batch;
        _requireKeys = options.RequireKeys;
        _isLogAppendTime = batch.TimestampType == TimestampType.LogAppendTime;
        _checkTimestamps = options.TimestampType == TimestampType.CreateTime;
        _baseTimestamp = batch.BaseTimestamp;
        _earliest = options.NowMs - options.TimestampBeforeMaxMs;
        _latest = options.NowMs > long.MaxValue - options.TimestampAfterMaxMs
            ? long.MaxValue
            : options.NowMs + options.TimestampAfterMaxMs;
    }

    public void Add(int index, in RecordLayout record)
    {
        long timestamp = unchecked(_baseTimestamp + record.TimestampDelta);
        if (timestamp > _maxTimestamp)
        {
            _maxTimestamp = timestamp;
            _maxTimestampIndex = index;
        }

        if (_requireKeys && record.KeyLength < 0) Refuse(index, Fault.NoKey, timestamp);
        else if (_isLogAppendTime) Refuse(index, Fault.TimestampType, timestamp);
        else if (_checkTimestamps) CheckTimestamp(index, timestamp, record.TimestampDelta);
    }

    public readonly RecordBatchValidation Verdict()
    {
        if (_errors is not null)
        {
            return RecordBatchValidation.Refused(
                _badTimestamp ? ErrorCode.InvalidTimestamp : ErrorCode.InvalidRecord,
                $"{_errorCount} records were refused; the first: {_errors[0].Message}",
                _errors);
        }

        return RecordBatchValidation.Valid(new RecordBatchSummary
        {
            SizeInBytes = _batch.SizeInBytes,
            RecordCount = _batch.RecordCount,
            MaxTimestamp = _maxTimestamp,
            MaxTimestampOffsetDelta = _maxTimestampIndex,
            IsMaxTimestampWrong = _batch.MaxTimestamp != _maxTimestamp,
            CompressionType = _batch.CompressionType,
            ProducerId = _batch.ProducerId,
            ProducerEpoch = _batch.ProducerEpoch,
            BaseSequence = _batch.BaseSequence,
            IsTransactional = _batch.IsTransactional,
        });
    }

    private void CheckTimestamp(int index, long timestamp, long delta)
    {
        // Signs that agree, with a sum of the other one: the sum has left the range.
        bool overflow = ((_baseTimestamp ^ timestamp) & (delta ^ timestamp)) < 0;
        if (overflow)
            Refuse(index, Fault.TimestampDelta, delta);
        else if ((timestamp < _earliest || timestamp > _latest) && timestamp != RecordBatchFormat.None)
            Refuse(index, Fault.TimestampRange, timestamp);
    }

    private void Refuse(int index, Fault fault, long value)
    {
        _errorCount++;
        _badTimestamp |= fault != Fault.NoKey;
        _errors ??= [];
        if (_errors.Count < RecordBatchValidator.MaxRecordErrors) _errors.Add(new RecordError(index, Describe(fault, value)));
    }

    private readonly string Describe(Fault fault, long value) => fault switch
    {
        Fault.NoKey => "A record of a compacted topic needs a key",
        Fault.TimestampType => "Producers may not set the timestamp type LogAppendTime",
        Fault.TimestampDelta => $"The timestamp delta {value} leaves the range of timestamps",
        _ => $"The timestamp {value} is not within [{_earliest}, {_latest}]",
    };

    private enum Fault
    {
        NoKey,
        TimestampType,
        TimestampDelta,
        TimestampRange,
    }
}
