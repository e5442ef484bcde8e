using System.Text;
using KBroker.Fuzz.Tests.Schemas;

namespace KBroker.Fuzz.Tests.Mutation;

/// <summary>
/// Draws one to three changes to a request frame: blind ones (bits, cuts, splices) and such that know where its lengths,
/// counts, varints, texts, values and record batches lie.
/// </summary>
internal sealed class FrameMutator(Random random, IReadOnlyList<byte[]> seeds)
{
    /// <summary>A mutated copy of one of the seeds, without a length in front.</summary>
    public byte[] Next()
    {
        byte[] frame = [.. seeds[random.Next(seeds.Count)]];
        for (int changes = random.Next(4) == 0 ? 2 + random.Next(2) : 1; changes > 0 && frame.Length > 0; changes--) frame = Change(frame);
        return frame;
    }

    private byte[] Change(byte[] frame)
    {
        FieldMap map = SchemaCatalog.Instance.MapRequest(frame);
        return random.Next(20) switch
        {
            0 => FlipBits(frame),
            1 => SetByte(frame),
            2 => frame[..random.Next(frame.Length)],
            3 => Extend(frame),
            4 => Splice(frame),
            5 => ChangeVersion(frame),
            6 => Repeat(frame),
            7 => CutOut(frame),
            8 or 9 or 10 => ChangeLength(frame, map),
            11 => SwapLengths(frame, map),
            12 => OverlongVarInt(frame, map),
            13 => ChangeTag(frame, map),
            14 or 15 => ChangeText(frame, map),
            16 or 17 => ChangeRecords(frame, map),
            _ => ChangeValue(frame, map),
        };
    }

    private byte[] FlipBits(byte[] frame)
    {
        for (int n = random.Next(1, 9); n > 0; n--) frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
        return frame;
    }

    private byte[] SetByte(byte[] frame)
    {
        frame[random.Next(frame.Length)] = (byte)HostileValues.Number(random);
        return frame;
    }

    private byte[] Extend(byte[] frame)
    {
        var tail = new byte[random.Next(30) == 0 ? 1 << 20 : random.Next(1, 40)];
        if (random.Next(2) == 0) random.NextBytes(tail);
        return [.. frame, .. tail];
    }

    private byte[] Splice(byte[] frame)
    {
        byte[] other = seeds[random.Next(seeds.Count)];
        return [.. frame[..random.Next(frame.Length)], .. other[random.Next(other.Length)..]];
    }

    private byte[] ChangeVersion(byte[] frame)
    {
        if (frame.Length < 4) return frame;
        if (random.Next(3) == 0) BatchMutator.WriteNumber(frame.AsSpan(0, 2), random.Next(4) == 0 ? HostileValues.Number(random) : random.Next(95));
        else BatchMutator.WriteNumber(frame.AsSpan(2, 2), random.Next(4) == 0 ? HostileValues.Number(random) : random.Next(20));
        return frame;
    }

    private byte[] Repeat(byte[] frame)
    {
        int start = random.Next(frame.Length);
        int length = random.Next(1, Math.Min(64, frame.Length - start) + 1);
        return [.. frame[..(start + length)], .. frame[start..]];
    }

    private byte[] CutOut(byte[] frame)
    {
        int start = random.Next(frame.Length);
        int length = random.Next(1, Math.Min(16, frame.Length - start) + 1);
        return [.. frame[..start], .. frame[(start + length)..]];
    }

    private byte[] ChangeLength(byte[] frame, FieldMap map)
    {
        if (!TryPick(map, SpotKind.Length, out FieldSpot spot)) return FlipBits(frame);
        long value = random.Next(4) switch
        {
            0 => Read(frame, spot) + random.Next(-2, 3),
            1 => frame.Length - spot.Offset + random.Next(-2, 3),
            _ => HostileValues.Number(random),
        };
        return Write(frame, spot, value);
    }

    private byte[] SwapLengths(byte[] frame, FieldMap map)
    {
        if (!TryPick(map, SpotKind.Length, out FieldSpot one) || !TryPick(map, SpotKind.Length, out FieldSpot other)) return FlipBits(frame);
        if (one.Offset > other.Offset) (one, other) = (other, one);
        long first = Read(frame, one);
        long second = Read(frame, other);
        return one == other ? frame : Write(Write(frame, other, first), one, second);
    }

    private byte[] OverlongVarInt(byte[] frame, FieldMap map)
    {
        FieldSpot[] varInts = [.. map.Spots.Where(spot => spot.IsVarInt)];
        if (varInts.Length == 0) return ChangeLength(frame, map);
        FieldSpot spot = varInts[random.Next(varInts.Length)];
        byte[] encoded = random.Next(5) switch
        {
            0 => [0x80, 0x00],
            1 => [0x80, 0x80, 0x80, 0x80, 0x00],
            2 => [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            3 => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            _ => [.. Enumerable.Repeat((byte)0x80, 11)],
        };
        return Replace(frame, spot, encoded);
    }

    private byte[] ChangeTag(byte[] frame, FieldMap map)
    {
        if (!TryPick(map, SpotKind.Tag, out FieldSpot spot)) return SetByte(frame);
        if (random.Next(2) == 0) return Write(frame, spot, HostileValues.Number(random));
        // One more tagged field, known or not.
        byte[] tagged = [(byte)random.Next(1, 4), (byte)random.Next(20), (byte)random.Next(9), .. new byte[random.Next(9)]];
        return Replace(frame, spot, tagged);
    }

    private byte[] ChangeText(byte[] frame, FieldMap map)
    {
        if (!TryPick(map, SpotKind.Text, out FieldSpot spot) || spot.LengthSpot < 0) return FlipBits(frame);
        byte[] text = random.Next(12) == 0 ? [0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80] : Encoding.UTF8.GetBytes(HostileValues.Text(random));
        return Refill(frame, map, spot, text);
    }

    private byte[] ChangeRecords(byte[] frame, FieldMap map)
    {
        if (!TryPick(map, SpotKind.Records, out FieldSpot spot)) return ChangeLength(frame, map);
        return Refill(frame, map, spot, BatchMutator.Mutate(frame[spot.Offset..(spot.Offset + spot.Size)], random));
    }

    private byte[] ChangeValue(byte[] frame, FieldMap map)
    {
        if (!TryPick(map, SpotKind.Value, out FieldSpot spot)) return SetByte(frame);
        BatchMutator.WriteNumber(frame.AsSpan(spot.Offset, spot.Size), HostileValues.Number(random));
        return frame;
    }

    private bool TryPick(FieldMap map, SpotKind kind, out FieldSpot spot)
    {
        spot = default;
        int seen = 0;
        foreach (FieldSpot candidate in map.Spots)
            if (candidate.Kind == kind && random.Next(++seen) == 0) spot = candidate;
        return seen > 0;
    }

    /// <summary>Puts other content where a text or records lie, with its true length before it.</summary>
    private static byte[] Refill(byte[] frame, FieldMap map, FieldSpot content, byte[] bytes)
    {
        FieldSpot length = map.Spots[content.LengthSpot];
        byte[] refilled = [.. frame[..content.Offset], .. bytes, .. frame[(content.Offset + content.Size)..]];
        return Write(refilled, length, length.IsVarInt && length.Kind == SpotKind.Length ? bytes.Length + 1 : bytes.Length);
    }

    private static long Read(byte[] frame, FieldSpot spot)
    {
        long value = 0;
        if (spot.IsVarInt)
        {
            for (int i = 0; i < spot.Size; i++) value |= (long)(frame[spot.Offset + i] & 0x7F) << (7 * i);
            return value;
        }

        for (int i = 0; i < spot.Size; i++) value = (value << 8) | frame[spot.Offset + i];
        return value;
    }

    private static byte[] Write(byte[] frame, FieldSpot spot, long value)
    {
        if (!spot.IsVarInt)
        {
            BatchMutator.WriteNumber(frame.AsSpan(spot.Offset, spot.Size), value);
            return frame;
        }

        var encoded = new List<byte>();
        uint left = (uint)value;
        for (; left >= 0x80; left >>= 7) encoded.Add((byte)(left | 0x80));
        encoded.Add((byte)left);
        return Replace(frame, spot, [.. encoded]);
    }

    private static byte[] Replace(byte[] frame, FieldSpot spot, byte[] bytes) =>
        [.. frame[..spot.Offset], .. bytes, .. frame[(spot.Offset + spot.Size)..]];
}
