namespace KBroker.Controller.Coordination;

/// <summary>The form of paths: ZooKeeper's rules.</summary>
public static class CoordinationPath
{
    /// <summary>The root, which always exists.</summary>
    public const string Root = "/";

    /// <summary>Throws unless the path is absolute, without empty, <c>.</c> or <c>..</c> steps and control characters.</summary>
    public static void Require(string path)
    {
        if (!IsValid(path)) throw new ArgumentException($"'{path}' is not a path of the coordination store.", nameof(path));
    }

    /// <summary>Whether the path is well formed.</summary>
    public static bool IsValid(string? path)
    {
        if (string.IsNullOrEmpty(path) || path[0] != '/') return false;
        if (path.Length == 1) return true;
        foreach (Range range in path.AsSpan(1).Split('/'))
        {
            ReadOnlySpan<char> step = path.AsSpan(1)[range];
            if (step.IsEmpty || step is "." or "..") return false;
            foreach (char c in step)
            {
                if (char.IsControl(c) || char.IsSurrogate(c) || c >= '\uFFF0') return false;
            }
        }

        return true;
    }

    /// <summary>The path of the parent.</summary>
    public static string Parent(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash <= 0 ? Root : path[..slash];
    }

    /// <summary>The last step.</summary>
    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];
}
