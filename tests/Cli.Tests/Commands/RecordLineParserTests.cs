using System.Text;
using KBroker.Cli.Client;
using KBroker.Cli.Commands;

namespace KBroker.Cli.Tests.Commands;

public sealed class RecordLineParserTests
{
    [Theory]
    [InlineData("", "a\tb", "key:null value:a\tb")]
    [InlineData("", "", "key:null value:")]
    [InlineData("parse.key=true", "a\tb\tc", "key:a value:b\tc")]
    [InlineData("parse.key=TRUE&key.separator=::", "a::b", "key:a value:b")]
    [InlineData("parse.key=true&key.separator=:", ":b", "key: value:b")]
    [InlineData("parse.headers=true", "h1:v1,h2:v:2\tv", "h1=v1 h2=v:2 key:null value:v")]
    [InlineData("parse.headers=true&parse.key=true", "h:1\tk\tv", "h=1 key:k value:v")]
    [InlineData("parse.headers=true&parse.key=true", "\tk\tv", "key:k value:v")]
    [InlineData("parse.headers=true&headers.delimiter=|&headers.separator=;&headers.key.separator==", "h=1;i=2|v", "h=1 i=2 key:null value:v")]
    [InlineData("parse.key=true&null.marker=NULL", "NULL\tNULL", "key:null value:null")]
    [InlineData("parse.headers=true&null.marker=NULL", "h:NULL\tv", "h=null key:null value:v")]
    [InlineData("parse.headers=true&null.marker=NULL", "NULL\tv", "key:null value:v")]
    [InlineData("parse.key=true&ignore.error=true", "no key here", "key:null value:no key here")]
    [InlineData("parse.headers=true&ignore.error=true", "h\tv", "h=null key:null value:v")]
    public void Parse_Lines_AsTheConsoleProducerDoes(string properties, string line, string expected)
    {
        ProducerRecord record = Parser(properties).Parse(Encoding.UTF8.GetBytes(line), 1);
        string headers = string.Concat((record.Headers ?? []).Select(header => $"{header.Key}={Text(header.Value)} "));
        Assert.Equal(expected, $"{headers}key:{Text(record.Key)} value:{Text(record.Value)}");
    }

    [Theory]
    [InlineData("parse.key=true", "no key", "No key separator found on line number 17: 'no key'")]
    [InlineData("parse.headers=true", "x", "No headers delimiter found on line number 17: 'x'")]
    [InlineData("parse.headers=true", "x\tv", "No header key separator found on line number 17: 'x'")]
    public void Parse_SeparatorMissing_NamesTheLine(string properties, string line, string message)
    {
        var e = Assert.Throws<CliException>(() => Parser(properties).Parse(Encoding.UTF8.GetBytes(line), 17));
        Assert.Equal(message, e.Message);
    }

    [Fact]
    public void Parse_SeparatorMissingInALongBinaryLine_MessageStaysShortAndPrintable()
    {
        var line = new byte[100_000];
        new Random(3).NextBytes(line);
        line.AsSpan().Replace((byte)'\t', (byte)'x');
        var e = Assert.Throws<CliException>(() => Parser("parse.key=true").Parse(line, 1));
        Assert.InRange(e.Message.Length, 1, 300);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [Theory]
    [InlineData("headers.delimiter=,")]
    [InlineData("headers.key.separator=,")]
    [InlineData("null.marker=:")]
    [InlineData("key.separator=x&null.marker=x")]
    [InlineData("key.separator=")]
    public void New_SeparatorsThatCannotWork_Refuses(string properties) => Assert.Throws<CliException>(() => Parser(properties));

    private static string Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : "null";

    private static string Text(byte[]? bytes) => bytes is null ? "null" : Encoding.UTF8.GetString(bytes);

    private static RecordLineParser Parser(string text)
    {
        var properties = new ClientProperties();
        foreach (string item in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = item.IndexOf('=', StringComparison.Ordinal);
            properties.Set(item[..equals], item[(equals + 1)..]);
        }

        return new RecordLineParser(properties);
    }
}
