using System.Text;
using KBroker.Broker.Configuration;

namespace KBroker.Broker.Tests.Configuration;

public sealed class PropertiesParserTests
{
    [Theory]
    [InlineData("a=b", "a", "b")]
    [InlineData("a:b", "a", "b")]
    [InlineData("a b", "a", "b")]
    [InlineData("  a \t = \f b", "a", "b")]
    [InlineData("a", "a", "")]
    [InlineData("a=", "a", "")]
    [InlineData("a==b", "a", "=b")]
    [InlineData("a= b ", "a", "b ")]
    [InlineData("a\\=b=c", "a=b", "c")]
    [InlineData("a\\ b c", "a b", "c")]
    [InlineData("a\\:b : c", "a:b", "c")]
    [InlineData("a=\\u0041\\t\\n\\\\x\\q", "a", "A\t\n\\xq")]
    [InlineData("a=b\\\n   c", "a", "bc")]
    [InlineData("a=b\\\\\nc=d", "a", "b\\")]
    [InlineData("a=1,\\\r\n  2,\\\r\n  3\r\n", "a", "1,2,3")]
    [InlineData("a=b\\", "a", "b")]
    [InlineData("\uFEFFa=b", "a", "b")]
    [InlineData("#c=d\n!e=f\n\na=b", "a", "b")]
    [InlineData("# comment \\\na=b", "a", "b")]
    [InlineData("a=b#c", "a", "b#c")]
    [InlineData("a=b\rz=1", "a", "b")]
    public void Parse_Syntax_GivesJavasFirstEntry(string text, string key, string value)
    {
        PropertiesContent content = PropertiesParser.Parse("f", text);
        Assert.Empty(content.Errors);
        Assert.Equal(key, content.Entries[0].Key);
        Assert.Equal(value, content.Entries[0].Value);
    }

    [Fact]
    public void Parse_ContinuedLines_KeepsLineNumbers()
    {
        PropertiesContent content = PropertiesParser.Parse("f", "# one\r\na=1\\\r\n  2\r\n\r\nb=3\n");
        Assert.Equal([new("a", "12", 2), new("b", "3", 5)], content.Entries);
    }

    [Fact]
    public void Parse_DuplicateKey_WarnsAndTakesTheLast()
    {
        PropertiesContent content = PropertiesParser.Parse("f", "a=1\nb=2\na=3\n");
        Assert.Equal([new("a", "3", 3), new("b", "2", 2)], content.Entries);
        ConfigProblem warning = Assert.Single(content.Warnings);
        Assert.Equal("f:3: a is set again; the value of line 1 is not used", warning.ToString());
    }

    [Theory]
    [InlineData("x=1\na=\\u12", "f:2: \\u must be followed by four hexadecimal digits")]
    [InlineData("a=\\uzzzz", "f:1: \\u must be")]
    [InlineData("=b", "f:1: there is no name")]
    public void Parse_Malformed_NamesTheLine(string text, string error) =>
        Assert.StartsWith(error, Assert.Single(PropertiesParser.Parse("f", text).Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Parse_RandomBytes_NeverThrows()
    {
        var random = new Random(1);
        ReadOnlySpan<char> alphabet = "ab\\=: \t\f\r\n#!u0\u00e9";
        for (int i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (int n = random.Next(30); n > 0; n--) text.Append(alphabet[random.Next(alphabet.Length)]);
            PropertiesContent content = PropertiesParser.Parse("f", text.ToString());
            Assert.All(content.Entries, entry => Assert.NotEmpty(entry.Key));
        }
    }

    [Fact]
    public void ParseBytes_NulByte_NamesTheLine() =>
        Assert.StartsWith("f:2: contains a NUL byte", Assert.Single(PropertiesFile.Parse("f", "a=b\nc\0d\n"u8.ToArray()).Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void ParseBytes_Encodings_Utf8ElseLatin1()
    {
        Assert.Equal("é", PropertiesFile.Parse("f", Encoding.UTF8.GetBytes("a=é")).Entries[0].Value);
        Assert.Equal("é", PropertiesFile.Parse("f", Encoding.Latin1.GetBytes("a=é")).Entries[0].Value);
    }

    [Fact]
    public void Read_BadPaths_SayWhy()
    {
        Assert.EndsWith("does not exist", Error("/nowhere/server.properties"), StringComparison.Ordinal);
        Assert.Contains("is a directory", Error("/"), StringComparison.Ordinal);
        Assert.Contains("larger than", Error("/dev/zero"), StringComparison.Ordinal);

        static string Error(string path) => Assert.Single(PropertiesFile.Read(path).Errors).ToString();
    }
}
