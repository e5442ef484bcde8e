using System.Diagnostics;

namespace KBroker.Compat.Tests.Harness;

/// <summary>A file system of a few megabytes in a file, mounted where a test wants it: a disk that can really be full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Megabyte = 1024 * 1024;
    private static readonly Lazy<string?> Reason = new(TryOne);

    private readonly string _image = Path.Combine(Path.GetTempPath(), $"kbroker-disk-{Guid.NewGuid():N}");
    private string? _mounted;

    public SmallDisk(int megabytes)
    {
        using (FileStream file = new(_image, FileMode.CreateNew)) file.SetLength((long)megabytes * Megabyte);
        // No journal and nothing held back for root, who may run the test.
        if (Run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", _image) is { } failure)
        {
            File.Delete(_image);
            throw new InvalidOperationException(failure);
        }
    }

    /// <summary>Why this machine does not let a test have one; null when it does.</summary>
    public static string? WhyNot => Reason.Value;

    private string Filler => Path.Combine(_mounted!, "filler");

    /// <summary>Mounts it on an empty directory.</summary>
    public void MountOn(string directory)
    {
        if (Run("mount", "-o", "loop", _image, directory) is { } failure) throw new InvalidOperationException(failure);
        _mounted = directory;
        Directory.Delete(Path.Combine(directory, "lost+found"));
    }

    /// <summary>Takes all that is free, but for some bytes.</summary>
    public void Fill(long butFor = 0)
    {
        long free = new DriveInfo(_mounted!).AvailableFreeSpace - butFor;
        using FileStream file = new(Filler, FileMode.OpenOrCreate);
        byte[] block = new byte[64 * 1024];
        try
        {
            file.Position = file.Length;
            for (; free > 0; free -= block.Length) file.Write(block, 0, (int)Math.Min(free, block.Length));
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> took.</summary>
    public void Empty() => File.Delete(Filler);

    public void Dispose()
    {
        // Whoever still has files open keeps it for as long.
        if (_mounted is not null) Run("umount", "-l", _mounted);
        _mounted = null;
        File.Delete(_image);
    }

    private static string? TryOne()
    {
        if (!OperatingSystem.IsLinux()) return "a loop mount needs Linux";
        string directory = Directory.CreateTempSubdirectory("kbroker-disk-").FullName;
        try
        {
            using var disk = new SmallDisk(4);
            disk.MountOn(directory);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"this machine lets no test mount a disk of its own: {e.Message}";
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What the program said if it failed.</summary>
    private static string? Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            string said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{program} ended with {process.ExitCode}: {said.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return $"{program}: {e.Message}";
        }
    }
}

/// <summary>A test that mounts a disk of its own; where the machine does not let it, it is skipped and says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.WhyNot;
}
