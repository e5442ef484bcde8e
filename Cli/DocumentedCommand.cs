using System.CommandLine;

namespace KBroker.Cli;

/// <summary>A command whose help says more than one line: the list of commands shows the description only.</summary>
/// <param name="name">The command's name.</param>
/// <param name="description">What it does, in one line.</param>
/// <param name="notes">What its help adds after the options: details, examples.</param>
internal sealed class DocumentedCommand(string name, string description, string notes) : Command(name, description)
{
    /// <summary>What the help adds after the options.</summary>
    public string Notes { get; } = notes;
}
