using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace KBroker.LogEngine.Compaction;

/// <summary>
/// SipHash-2-4 with 128 bits of output under a secret that nobody outside the process knows: two keys that share a hash, one of which
/// compaction would lose, cannot be made on purpose and do not come about by chance.
/// </summary>
internal readonly struct KeyHash(ulong secret0, ulong secret1)
{
    /// <summary>A hash under a fresh secret.</summary>
    public static KeyHash Create()
    {
        Span<byte> secret = stackalloc byte[16];
        RandomNumberGenerator.Fill(secret);
        return new KeyHash(BinaryPrimitives.ReadUInt64LittleEndian(secret), BinaryPrimitives.ReadUInt64LittleEndian(secret[8..]));
    }

    public (ulong First, ulong Second) Of(ReadOnlySpan<byte> key)
    {
        var state = new State(secret0, secret1);
        ulong last = (ulong)key.Length << 56;
        for (; key.Length >= sizeof(ulong); key = key[sizeof(ulong)..]) state.Add(BinaryPrimitives.ReadUInt64LittleEndian(key));
        for (int i = 0; i < key.Length; i++) last |= (ulong)key[i] << (8 * i);
        state.Add(last);
        return (state.Finish(0xEE, second: false), state.Finish(0xDD, second: true));
    }

    private ref struct State(ulong k0, ulong k1)
    {
        private ulong _v0 = k0 ^ 0x736F_6D65_7073_6575;
        private ulong _v1 = k1 ^ 0x646F_7261_6E64_6F6D ^ 0xEE;
        private ulong _v2 = k0 ^ 0x6C79_6765_6E65_7261;
        private ulong _v3 = k1 ^ 0x7465_6462_7974_6573;

        public void Add(ulong word)
        {
            _v3 ^= word;
            Round();
            Round();
            _v0 ^= word;
        }

        public ulong Finish(ulong mark, bool second)
        {
            if (second) _v1 ^= mark;
            else _v2 ^= mark;
            for (int i = 0; i < 4; i++) Round();
            return _v0 ^ _v1 ^ _v2 ^ _v3;
        }

        private void Round()
        {
            _v0 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
            _v0 = BitOperations.RotateLeft(_v0, 32);
            _v2 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
            _v0 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
            _v2 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
            _v2 = BitOperations.RotateLeft(_v2, 32);
        }
    }
}
