using System.Buffers;

namespace KBroker.Controller.Placement;

/// <summary>
/// The rules for topic names, for every entry by which a name comes in. A name becomes part of a directory name: nothing
/// that fails here may reach the disk.
/// </summary>
public static class TopicName
{
    /// <summary>The longest name, in characters (and bytes: names are ASCII).</summary>
    public const int MaxLength = 249;

    private static readonly SearchValues<char> Legal = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>What is wrong with a name, in a sentence fit for a client; null if nothing is.</summary>
    public static string? Validate(string? name)
    {
        if (string.IsNullOrEmpty(name)) return "A topic name cannot be empty.";
        if (name is "." or "..") return $"A topic cannot be called '{name}'.";
        if (name.Length > MaxLength)
        {
            return $"The topic name has {name.Length} characters; at most {MaxLength} are allowed.";
        }

        return name.AsSpan().ContainsAnyExcept(Legal)
            ? "The topic name contains characters other than ASCII letters and digits, '.', '_' and '-'."
            : null;
    }

    /// <summary>Whether the name is one a topic can have.</summary>
    public static bool IsValid(string? name) => Validate(name) is null;

    /// <summary>Whether two names differ at most in having '.' where the other has '_': their metrics would be the same.</summary>
    public static bool Collides(string name, string other)
    {
        if (name.Length != other.Length) return false;
        for (int i = 0; i < name.Length; i++)
        {
            if (Unified(name[i]) != Unified(other[i])) return false;
        }

        return true;
    }

    private static char Unified(char c) => c == '.' ? '_' : c;
}
