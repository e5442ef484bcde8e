using KBroker.Fuzz.Tests.Serving;

namespace KBroker.Fuzz.Tests;

/// <summary>
/// Frames, in hex and without a length, that a broker once stumbled over or that stand for a class of damage. A run of the
/// fuzz test that fails prints rows for this list.
/// </summary>
public sealed class PinnedFrameTests
{
    private static readonly string[] Frames =
    [
        // A batch said to be gzip whose stream names another compression method.
        "0000000A00000018000466757A7A00027400010000002202097061636B6167657302000000005F000000000000000000000052FFFFFFFF024E2445E500010000" +
        "00000000018BCFE568000000018BCFE56800FFFFFFFFFFFFFFFFFFFFFFFFFFFF000000011F8B0800000000000003936060606062606062CA6061640200854300" +
        "F60D000000000000",
        // CreateTopics v5: a null setting, 2^31-1 partitions and a name that climbs.
        "00130005000000010001660002082E2E2F2E2E2F787FFFFFFF00010102027200000000000003E80000",
        // Fetch v12: an incremental request of a session that there is not, wanting everything for ever.
        "0001000C00000001000166" + "00FFFFFFFF7FFFFFFF7FFFFFFF7FFFFFFF017FFFFFFF7FFFFFFF01010100",
        // Metadata v12: a topic by an id that is no topic's, one by no name.
        "0003000C0000000100016600" + "0300000000000000000000000000000001000000000000000000000000000000000000000000010000",
        // ApiVersions v3: a software name that breaks the line of a log.
        "0012000300000001000166000A61620D0A1B5B33316D0231" + "00",
    ];

    [Fact]
    public async Task Frames_Pinned_DoNoHarm() => Assert.Null(await FrameReplay.RunAsync(Frames.Select(Convert.FromHexString)));
}
