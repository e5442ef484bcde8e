namespace KBroker.Cli;

/// <summary>What the program's exit code says.</summary>
public static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The command could not do its work: a broker refused or cannot be reached, a configuration is not valid.</summary>
    public const int Failure = 1;

    /// <summary>The command line is not understood; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>Ended by the user (128 + SIGINT), as a shell reports it.</summary>
    public const int Interrupted = 130;
}
