using System.Reflection;
using System.Text;
using KBroker.Broker.Configuration;
using KBroker.Fuzz.Tests.Mutation;
using KBroker.Fuzz.Tests.Schemas;
using KBroker.Fuzz.Tests.Serving;
using KBroker.Protocol;
using KBroker.Protocol.Compression;
using KBroker.Protocol.Messages;
using KBroker.Protocol.Records;
using KBroker.Protocol.Wire;
using Xunit.Abstractions;

namespace KBroker.Fuzz.Tests.Parsers;

/// <summary>Parsers without a socket, many more inputs a second: declared exceptions only, bounded memory, what is read can be written.</summary>
public sealed class ParserFuzzTests(ITestOutputHelper output)
{
    private delegate WireStruct Reader(ref KafkaReader reader, short version);

    private readonly Random _random = new(20260402);

    [Fact]
    public void Requests_Mutated_AreReadAndWrittenOrMalformed()
    {
        Dictionary<short, Reader> readers = Readers();
        List<byte[]> seeds = Corpus.Seeds(_random, FuzzBroker.Topics, [], _ => new VersionSpan(0, short.MaxValue));
        var mutator = new FrameMutator(_random, seeds);
        int read = 0;
        int cases = Budget.Run(() =>
        {
            byte[] frame = mutator.Next();
            if (frame.Length < 8) return;
            Budget.Within(frame.Length, () => read += TryRoundTrip(frame, readers) ? 1 : 0, () => Convert.ToHexString(frame));
        });
        output.WriteLine($"{cases} requests, {read} of them could be read");
        Assert.True(read > cases / 100, $"only {read} of {cases} could be read");
    }

    [Fact]
    public void Batches_Mutated_AreJudgedInBoundedMemory()
    {
        List<byte[]> seeds = Corpus.Batches();
        using var codecs = new CompressionCodecs();
        var validator = new RecordBatchValidator(codecs);
        foreach (byte[] seed in seeds) Assert.True(validator.Validate(seed, new RecordValidationOptions()).IsValid);
        int valid = 0;
        int cases = Budget.Run(() =>
        {
            byte[] batch = [.. seeds[_random.Next(seeds.Count)]];
            for (int n = _random.Next(1, 3); n > 0; n--) batch = BatchMutator.Mutate(batch, _random);
            Budget.Within(batch.Length, () =>
            {
                RecordBatchValidation verdict = validator.Validate(batch, new RecordValidationOptions { ProduceVersion = 9 });
                if (!verdict.IsValid) return;
                valid++;
                Assert.Equal(batch.Length, verdict.Summary.SizeInBytes);
                ReadAll(batch, codecs, verdict.Summary.RecordCount);
            }, () => Convert.ToHexString(batch));
        });
        output.WriteLine($"{cases} batches, {valid} of them valid");
        Assert.True(valid > 0);
    }

    [Fact]
    public void Properties_Mutated_AreParsedOrRefusedWithALine()
    {
        byte[] seed = Encoding.UTF8.GetBytes(
            "\uFEFF# comment\r\nnode.id=1\nlog.dirs = /a,\\\n  /b\n! other\nlisteners:PLAINTEXT://h:1\nkey\\ with\\=odd=\\u0041\\t\nnode.id=2\n\\u12");
        byte[] interesting = [0, (byte)'\\', (byte)'\n', (byte)'\r', (byte)'=', (byte)':', (byte)'u', (byte)'#', 0xFF, 0xEF, (byte)' ', 0x0C];
        int problems = 0;
        int cases = Budget.Run(() =>
        {
            var bytes = new List<byte>(seed);
            for (int n = _random.Next(1, 12); n > 0 && bytes.Count > 0; n--)
            {
                int at = _random.Next(bytes.Count);
                byte value = _random.Next(2) == 0 ? interesting[_random.Next(interesting.Length)] : (byte)_random.Next(256);
                if (_random.Next(3) == 0) bytes.RemoveAt(at);
                else if (_random.Next(2) == 0) bytes.Insert(at, value);
                else bytes[at] = value;
            }

            byte[] file = [.. bytes];
            Budget.Within(file.Length, () =>
            {
                PropertiesContent content = PropertiesFile.Parse("server.properties", file);
                problems += content.Errors.Count;
                Assert.All(content.Errors, problem => Assert.StartsWith("server.properties", problem.ToString(), StringComparison.Ordinal));
            }, () => Convert.ToHexString(file));
        });
        output.WriteLine($"{cases} files, {problems} problems told");
        Assert.True(problems > 0);
    }

    private static void ReadAll(byte[] batch, CompressionCodecs codecs, int expected)
    {
        int records = 0;
        using var reader = new RecordBatchReader(codecs);
        RecordEnumerator all = reader.Read(batch);
        while (all.MoveNext()) records++;
        Assert.Equal(expected, records);
    }

    private static Dictionary<short, Reader> Readers() => typeof(ProduceRequest).Assembly.GetTypes()
        .Where(type => type is { Namespace: "KBroker.Protocol.Messages", IsNested: false } && type.IsSubclassOf(typeof(WireStruct))
            && type.Name.EndsWith("Request", StringComparison.Ordinal) && typeof(IApiMessage).IsAssignableFrom(type))
        // One key has two names; the later one has the versions of both.
        .GroupBy(type => (short)((IApiMessage)Activator.CreateInstance(type)!).Key)
        .ToDictionary(
            group => group.Key,
            group => group.MaxBy(type => (short)type.GetField("HighestVersion")!.GetRawConstantValue()!)!
                .GetMethod("Read", BindingFlags.Public | BindingFlags.Static)!.CreateDelegate<Reader>());

    private static bool TryRoundTrip(byte[] frame, Dictionary<short, Reader> readers)
    {
        WireStruct message;
        short version;
        Reader read;
        try
        {
            var reader = new KafkaReader(new ReadOnlyMemory<byte>(frame));
            RequestHeader header = RequestFrame.ReadHeader(ref reader);
            version = header.RequestApiVersion;
            if (!readers.TryGetValue(header.RequestApiKey, out read!) || !ApiKeys.Find(header.RequestApiKey)!.IsValid(version)) return false;
            message = read(ref reader, version);
        }
        catch (MalformedMessageException)
        {
            return false;
        }

        byte[] written = message.ToArray(version);
        var again = new KafkaReader(new ReadOnlyMemory<byte>(written));
        byte[] rewritten = read(ref again, version).ToArray(version);
        Assert.Equal(written, rewritten);
        return true;
    }
}
