namespace KBroker.Fuzz.Tests.Mutation;

/// <summary>Numbers and texts that programs stumble over.</summary>
internal static class HostileValues
{
    private static readonly long[] Numbers =
    [
        0, 1, -1, -2, -5, 2, 127, 128, 255, 256, short.MaxValue, short.MinValue, ushort.MaxValue, 65536, int.MaxValue, int.MinValue,
        int.MaxValue - 1, uint.MaxValue, 100 << 20, (100 << 20) + 1, long.MaxValue, long.MinValue, long.MaxValue - 1, 1L << 40,
    ];

    private static readonly string[] Texts =
    [
        "", ".", "..", "../../etc/x", "a/b", "a\0b", "/", "\\", "a\nb", "\u001b[31m", "ä", "\ud83d\ude00", "__consumer_offsets",
        "__transaction_state", "__cluster_metadata", new('x', 249), new('x', 250), new('y', 32_000), "%2e%2e", "a b", "-1", "${env:PATH}",
        "file:///etc/passwd", "NaN", "9223372036854775808", "fuzz.a", "fuzz_a",
    ];

    public static long Number(Random random) => Numbers[random.Next(Numbers.Length)];

    public static string Text(Random random) => Texts[random.Next(Texts.Length)];
}
