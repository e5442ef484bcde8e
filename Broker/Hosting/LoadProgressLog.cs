using KBroker.LogEngine.Directories;
using Microsoft.Extensions.Logging;

namespace KBroker.Broker.Hosting;

/// <summary>Shows how far the loading of a large log directory is: one line for every tenth of it.</summary>
internal sealed partial class LoadProgressLog(ILogger logger)
{
    private const int WorthALine = 100;

    public void Report(LogLoadProgress progress)
    {
        if (progress.Total < WorthALine) return;
        int tenth = progress.Total / 10;
        if (progress.Loaded % tenth == 0 || progress.Loaded == progress.Total)
            LogProgress(logger, progress.Directory, progress.Loaded, progress.Total);
    }

    [LoggerMessage(4001, LogLevel.Information, "{Directory}: {Loaded} of {Total} partitions loaded")]
    private static partial void LogProgress(ILogger logger, string directory, int loaded, int total);
}
