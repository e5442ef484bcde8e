namespace KBroker.Broker.Connections;

/// <summary>Lets one line through in each interval and counts the others. Safe for concurrent use.</summary>
internal sealed class LineLimit(TimeProvider time, TimeSpan interval)
{
    private readonly Lock _gate = new();
    private long _lastLine;
    private bool _any;
    private int _left;

    /// <summary>Whether a line may be logged now, and how many were not since the last one.</summary>
    public bool MayLog(out int left)
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (_any && time.GetElapsedTime(_lastLine, now) < interval)
            {
                _left++;
                left = 0;
                return false;
            }

            (_any, _lastLine, left, _left) = (true, now, _left, 0);
            return true;
        }
    }
}
