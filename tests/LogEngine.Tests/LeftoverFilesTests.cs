using KBroker.LogEngine.Recovery;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>What a start makes of the files of a compaction or split that a crash stopped, when that start is stopped too.</summary>
public sealed class LeftoverFilesTests
{
    private const string Directory = "/data/t-0";

    /// <summary>A split of the segment at 0 whose second part had its suffix changed and whose first had not.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Settle_GroupIncompleteAndStoppedAnywhere_TheSwapFilesAreNeverBelieved(bool namesKeepOrder) => CrashPoints.TryAll(
        disk =>
        {
            disk.NamesKeepOrder = namesKeepOrder;
            foreach (string name in (string[])["0.log", "0.index", "6.log", "0.log.cleaned", "0.index.cleaned", "3.log.swap", "3.index.swap"])
                disk.WriteAll(Path(name), [(byte)name[0]]);
            return disk;
        },
        disk => LeftoverFiles.Settle(disk, Directory),
        (disk, _) =>
        {
            LeftoverFiles.Settle(disk, Directory);
            Assert.Equal(
                [Path("0.index"), Path("0.log"), Path("6.log")],
                disk.List(Directory).Select(entry => $"{Directory}/{entry.Name}").Order(StringComparer.Ordinal));
        });

    /// <summary>The replacement of the segment at 0 was called off: its log is <c>.cleaned</c> again, its index not yet.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Settle_ReplacementCalledOffAndStoppedAnywhere_TheIndexStaysThatOfTheLog(bool namesKeepOrder) => CrashPoints.TryAll(
        disk =>
        {
            disk.NamesKeepOrder = namesKeepOrder;
            disk.WriteAll(Path("0.log"), [1]);
            disk.WriteAll(Path("0.index"), [1]);
            disk.WriteAll(Path("0.log.cleaned"), [2]);
            disk.WriteAll(Path("0.index.swap"), [2]);
            return disk;
        },
        disk => LeftoverFiles.Settle(disk, Directory),
        (disk, _) =>
        {
            LeftoverFiles.Settle(disk, Directory);
            Assert.Equal([1], disk.ReadAll(Path("0.index")));
            Assert.Equal(2, disk.List(Directory).Count);
        });

    private static string Path(string name) => $"{Directory}/{new string('0', 19)}{name}";
}
