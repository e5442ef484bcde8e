using System.Collections.Immutable;
using KBroker.Controller.Metadata;
using KBroker.Protocol;

namespace KBroker.Controller;

/// <summary>
/// Turns a resource's own configuration into the one it is to have, or refuses. Runs on the controller's loop, so nothing
/// comes between reading and writing; must be quick and must not call the controller.
/// </summary>
public delegate ConfigEdit ConfigEditor(ImmutableDictionary<string, string> current);

/// <summary>The outcome of an edit.</summary>
/// <param name="Error">None, or the code for the client.</param>
/// <param name="Message">What is wrong; null if nothing is.</param>
/// <param name="Config">The whole new configuration; ignored on error.</param>
public sealed record ConfigEdit(ErrorCode Error, string? Message, ImmutableDictionary<string, string> Config)
{
    /// <summary>A new configuration.</summary>
    public static ConfigEdit To(ImmutableDictionary<string, string> config) => new(ErrorCode.None, null, config);

    /// <summary>A refusal.</summary>
    public static ConfigEdit Refused(ErrorCode error, string message)
        => new(error, message, ImmutableDictionary<string, string>.Empty);
}

/// <summary>A configuration to change.</summary>
/// <param name="Resource">Whose.</param>
/// <param name="Edit">How.</param>
public sealed record ConfigAlteration(ConfigResource Resource, ConfigEditor Edit);

/// <summary>What became of a configuration to change.</summary>
/// <param name="Resource">Whose.</param>
/// <param name="Error">None if it was changed (or, with validate-only, could be).</param>
/// <param name="Message">What is wrong; null if nothing is.</param>
public sealed record ConfigAlterationResult(ConfigResource Resource, ErrorCode Error, string? Message);
