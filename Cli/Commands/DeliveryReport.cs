using System.Globalization;
using KBroker.Cli.Client;

namespace KBroker.Cli.Commands;

/// <summary>Tells the user what was not written: the first errors one by one, all of them as a number at the end.</summary>
public sealed class DeliveryReport(CliContext context)
{
    private const int Shown = 10;
    private const int LinesBetweenChecks = 1024;

    private readonly Lock _gate = new();
    private long _lastProgress = context.Time.GetTimestamp();
    private bool _showsProgress;
    private long _failed;
    private int _errors;

    /// <summary>Records that were not delivered.</summary>
    public void Add(DeliveryError error)
    {
        ArgumentNullException.ThrowIfNull(error);
        string count = error.RecordCount == 1 ? "1 record" : string.Create(CultureInfo.InvariantCulture, $"{error.RecordCount} records");
        Say($"{count} not written: {error.Reason.Message}", error.RecordCount);
    }

    /// <summary>A line that did not become a record.</summary>
    public void AddLine(string message) => Say(message, 1);

    /// <summary>Shows on a terminal, once a second, how far reading has come.</summary>
    public void Progress(long lines)
    {
        if (!context.IsErrorTerminal || context.IsInputTerminal || lines % LinesBetweenChecks != 0) return;
        if (context.Time.GetElapsedTime(_lastProgress) < TimeSpan.FromSeconds(1)) return;
        lock (_gate)
        {
            _lastProgress = context.Time.GetTimestamp();
            _showsProgress = true;
            context.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{lines:N0} lines read"));
        }
    }

    /// <summary>Sums up and gives the exit code.</summary>
    public int Finish(long delivered)
    {
        lock (_gate)
        {
            EndProgress();
            if (_failed == 0) return ExitCodes.Success;
            context.Error.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"kbroker: {_failed} of {_failed + delivered} records were not written"));
            return ExitCodes.Failure;
        }
    }

    private void Say(string message, int records)
    {
        lock (_gate)
        {
            _failed += records;
            if (_errors++ >= Shown) return;
            EndProgress();
            context.Error.WriteLine($"kbroker: {message}");
            if (_errors == Shown) context.Error.WriteLine("kbroker: further errors are only counted");
        }
    }

    private void EndProgress()
    {
        if (_showsProgress) context.Error.WriteLine();
        _showsProgress = false;
    }
}
