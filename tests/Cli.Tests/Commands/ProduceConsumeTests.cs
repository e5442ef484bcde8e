using KBroker.Cli.Tests.Fakes;
using KBroker.Protocol;

namespace KBroker.Cli.Tests.Commands;

public sealed class ProduceConsumeTests
{
    [Theory]
    [InlineData("")]
    [InlineData("--compression-codec")]
    [InlineData("--compression-type zstd --acks 1")]
    [InlineData("--compression-codec lz4 --batch-size 100")]
    [InlineData("--sync --request-required-acks -1")]
    public async Task Produce_BinaryLines_ConsumeGivesTheSameBytes(string options)
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        var input = new byte[20_000];
        new Random(5).NextBytes(input);
        input[^1] = (byte)'\n';
        CommandOutcome produced = await CommandRun.RunAsync(broker, input, null, $"produce --topic t {options}");
        Assert.Equal((ExitCodes.Success, ""), (produced.ExitCode, produced.Error));

        int lines = input.Count(b => b == '\n');
        CommandOutcome consumed = await CommandRun.RunAsync(broker, [], null, $"consume --topic t --from-beginning --max-messages {lines}");
        Assert.Equal((ExitCodes.Success, $"Processed a total of {lines} messages\n"), (consumed.ExitCode, consumed.Error));
        Assert.Equal(input, consumed.Bytes);
    }

    [Fact]
    public async Task Produce_HundredThousandLines_AllThere()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 4);
        string input = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"line {i}\n"));
        CommandOutcome produced = await CommandRun.RunAsync(broker, input, "produce --topic t");
        Assert.Equal((ExitCodes.Success, ""), (produced.ExitCode, produced.Error));
        Assert.Equal(100_000, Enumerable.Range(0, 4).Sum(topic.End));
        CommandOutcome consumed = await CommandRun.RunAsync(broker, "", "consume --topic t --from-beginning --max-messages 100000");
        Assert.Equal(
            input.Split('\n').Order(StringComparer.Ordinal),
            consumed.Text.Split('\n').Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Consume_EverythingPrinted_InTheOrderOfKafkasTool()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        await CommandRun.RunAsync(
            broker, "a:1,b:NULL|k|v\n|NULL|NULL\n",
            "produce --topic t --property parse.key=true --property parse.headers=true --property key.separator=| --reader-property headers.delimiter=| --property null.marker=NULL");
        CommandOutcome consumed = await CommandRun.RunAsync(
            broker, "",
            "consume --topic t --partition 0 --offset 0 --max-messages 2 --property print.key=true --property print.headers=true --formatter-property print.offset=true "
                + "--property print.partition=true --property print.epoch=true --property key.separator=; --property null.literal=<none>");
        Assert.Equal("Partition:0;Offset:0;Epoch:3;a:1,b:<none>;k;v\nPartition:0;Offset:1;Epoch:3;NO_HEADERS;<none>;<none>\n", consumed.Text);
        CommandOutcome timed = await CommandRun.RunAsync(
            broker, "", "consume --topic t --from-beginning --max-messages 1 --property print.timestamp=true --property print.value=false --property line.separator=!");
        Assert.Matches(@"\ACreateTime:\d{13}!\z", timed.Text);
    }

    [Fact]
    public async Task Consume_NothingComes_EndsAfterTheTimeout()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        CommandOutcome outcome = await CommandRun.RunAsync(broker, "", "consume --topic t --from-beginning --timeout-ms 50");
        Assert.Equal((ExitCodes.Success, "Processed a total of 0 messages\n"), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public async Task Consume_OutputClosed_EndsQuietlyWithCodeOne()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        await CommandRun.RunAsync(broker, "a\nb\n", "produce --topic t");
        CommandOutcome outcome = await CommandRun.RunAsync(broker, [], new ClosedStream(), "consume --topic t --from-beginning");
        Assert.Equal((ExitCodes.Failure, "", ""), (outcome.ExitCode, outcome.Out, outcome.Error));
    }

    [Fact]
    public async Task Produce_SomeRefused_CountsThemAndFails()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        topic.ProduceErrors.Enqueue(ErrorCode.InvalidRecord);
        CommandOutcome outcome = await CommandRun.RunAsync(broker, "a\nb\nc\n", "produce --topic t --sync");
        Assert.Equal(ExitCodes.Failure, outcome.ExitCode);
        Assert.Contains("1 record not written: Partition 0: the broker refuses the record (INVALID_RECORD)", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("1 of 3 records were not written", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(2, topic.End(0));
    }

    [Fact]
    public async Task Produce_LineTooLong_SaysSoWritesTheRestAndFails()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        CommandOutcome outcome = await CommandRun.RunAsync(
            broker, $"a\n{new string('x', 3_000_000)}\nb\n", "produce --topic t --producer-property max.request.size=100000");
        Assert.Equal(ExitCodes.Failure, outcome.ExitCode);
        Assert.Contains("Line 2 is longer than max.request.size, 100000 bytes", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(2, topic.End(0));
    }

    [Fact]
    public async Task Produce_LineCannotBeParsed_WritesWhatCameBeforeAndFails()
    {
        await using var broker = new FakeBroker();
        var topic = new FakeTopic(broker, "t", partitions: 1);
        CommandOutcome outcome = await CommandRun.RunAsync(broker, "k:v\nnokey\nk:v\n", "produce --topic t --property parse.key=true --property key.separator=:");
        Assert.Equal((ExitCodes.Failure, "kbroker: No key separator found on line number 2: 'nokey'\n"), (outcome.ExitCode, outcome.Error));
        Assert.Equal(1, topic.End(0));
    }

    [Fact]
    public async Task Produce_NoInput_Succeeds()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        CommandOutcome outcome = await CommandRun.RunAsync(broker, "", "produce --topic t");
        Assert.Equal((ExitCodes.Success, "", ""), (outcome.ExitCode, outcome.Out, outcome.Error));
    }

    [Fact]
    public async Task Consume_NoSuchPartition_SaysSo()
    {
        await using var broker = new FakeBroker();
        _ = new FakeTopic(broker, "t", partitions: 1);
        CommandOutcome outcome = await CommandRun.RunAsync(broker, "", "consume --topic t --partition 9");
        Assert.Equal(ExitCodes.Failure, outcome.ExitCode);
        Assert.StartsWith("Processed a total of 0 messages\nkbroker: Topic 't' has no partition 9", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("produce", "--topic")]
    [InlineData("produce --topic t --acks 7", "acks=7")]
    [InlineData("produce --topic t --batch-size x", "batch.size=x")]
    [InlineData("produce --topic t --compression-codec rar", "compression.type=rar")]
    [InlineData("produce --topic t --property novalue", "novalue")]
    [InlineData("produce --topic", "--topic")]
    [InlineData("produce --topic t --nonsense", "--nonsense")]
    [InlineData("consume", "--topic")]
    [InlineData("consume --topic t --offset 3", "--offset needs --partition")]
    [InlineData("consume --topic t --partition 0 --offset x", "--offset 'x'")]
    [InlineData("consume --topic t --partition 0 --offset 1 --from-beginning", "exclude each other")]
    [InlineData("consume --topic t --partition x", "x")]
    [InlineData("consume --topic t --partition -1", "--partition '-1': expected a whole number, 0 or more")]
    [InlineData("consume --topic t --max-messages abc", "abc")]
    [InlineData("consume --topic t --timeout-ms", "--timeout-ms")]
    [InlineData("consume --topic t --isolation-level high", "--isolation-level 'high'")]
    [InlineData("consume --topic t --group g", "--group: this consumer reads without a group")]
    public async Task Run_LineNotUnderstood_UsageAndCodeTwo(string line, string mention)
    {
        await using var broker = new FakeBroker();
        CommandOutcome outcome = await CommandRun.RunAsync(broker, "", line);
        Assert.Equal(ExitCodes.Usage, outcome.ExitCode);
        Assert.Contains(mention, outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Usage:", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(outcome.Bytes);
        Assert.Empty(broker.Seen);
    }

    private sealed class ClosedStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");

        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("Broken pipe");
    }
}
