using System.Text;
using KBroker.Cli.Commands;

namespace KBroker.Cli.Tests.Commands;

public sealed class LineReaderTests
{
    [Fact]
    public async Task Read_RandomBytesInRandomPieces_SplitsAsAWholeSplitDoes()
    {
        var random = new Random(42);
        for (int round = 0; round < 200; round++)
        {
            var input = new byte[random.Next(0, 3000)];
            random.NextBytes(input);
            for (int i = 0; i < input.Length; i++)
                if (random.Next(20) == 0) input[i] = (byte)'\n';
            var expected = new List<string>();
            int start = 0;
            for (int i = 0; i < input.Length; i++)
            {
                if (input[i] != '\n') continue;
                expected.Add(Convert.ToHexString(input.AsSpan(start, i - start)));
                start = i + 1;
            }

            if (start < input.Length) expected.Add(Convert.ToHexString(input.AsSpan(start)));
            Assert.Equal(expected, await ReadAllAsync(new PieceStream(input, random), 100_000));
        }
    }

    [Fact]
    public async Task Read_LinesTooLong_AreSkippedAlone()
    {
        var random = new Random(7);
        for (int round = 0; round < 100; round++)
        {
            int[] lengths = [.. Enumerable.Range(0, random.Next(1, 10)).Select(_ => random.Next(0, 200))];
            string text = string.Join('\n', lengths.Select(length => new string('x', length))) + (random.Next(2) == 0 ? "\n" : "");
            var expected = lengths.Select(length => length > 100 ? "TooLong" : new string('x', length)).ToList();
            if (!text.EndsWith('\n') && lengths[^1] == 0) expected.RemoveAt(expected.Count - 1);
            var reader = new LineReader(new PieceStream(Encoding.ASCII.GetBytes(text), random), 100);
            var seen = new List<string>();
            while (await reader.ReadAsync(default) is var outcome and not LineOutcome.End)
                seen.Add(outcome == LineOutcome.TooLong ? "TooLong" : Encoding.ASCII.GetString(reader.Line.Span));
            Assert.Equal(expected, seen);
            Assert.Equal(expected.Count, reader.Number);
        }
    }

    [Fact]
    public async Task Read_AGigabyteWithoutLineFeed_TakesLittleMemory()
    {
        var reader = new LineReader(new EndlessStream(1L << 30), 1 << 20);
        long before = GC.GetTotalAllocatedBytes();
        Assert.Equal(LineOutcome.TooLong, await reader.ReadAsync(default));
        Assert.Equal(LineOutcome.End, await reader.ReadAsync(default));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
    }

    [Fact]
    public async Task Read_NothingComes_CanBeCancelled()
    {
        using var giveUp = new CancellationTokenSource();
        ValueTask<LineOutcome> waiting = new LineReader(new StuckStream(), 100).ReadAsync(giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
    }

    private static async Task<List<string>> ReadAllAsync(Stream input, int maxLength)
    {
        var reader = new LineReader(input, maxLength);
        var lines = new List<string>();
        while (await reader.ReadAsync(default) == LineOutcome.Line) lines.Add(Convert.ToHexString(reader.Line.Span));
        return lines;
    }

    private abstract class SourceStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private sealed class PieceStream(byte[] content, Random random) : SourceStream
    {
        private int _position;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = Math.Min(Math.Min(buffer.Length, random.Next(1, 50)), content.Length - _position);
            content.AsMemory(_position, count).CopyTo(buffer);
            _position += count;
            return ValueTask.FromResult(count);
        }
    }

    private sealed class EndlessStream(long length) : SourceStream
    {
        private long _left = length;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = (int)Math.Min(buffer.Length, _left);
            buffer.Span[..count].Fill((byte)'x');
            _left -= count;
            return ValueTask.FromResult(count);
        }
    }

    private sealed class StuckStream : SourceStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            // As standard input: deaf to cancellation.
            await new TaskCompletionSource().Task;
            return 0;
        }
    }
}
