using System.Text;
using KBroker.Broker.Coordinators.Groups.Subscriptions;

namespace KBroker.Broker.Tests.Coordinators.Subscriptions;

/// <summary>What RE2's syntax means for names of topics, and that no expression costs more than it may.</summary>
public sealed class TopicRegexTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("orders", "orders", true)]
    [InlineData("orders", "orders-eu", false)]
    [InlineData("orders", "my-orders", false)]
    [InlineData("a|ab", "ab", true)]
    [InlineData("a|", "", true)]
    [InlineData("orders-.*", "orders-eu", true)]
    [InlineData("orders-.+", "orders-", false)]
    [InlineData("^orders$", "orders", true)]
    [InlineData("(?m)^orders$", "orders", true)]
    [InlineData(@"\Aorders\z", "orders", true)]
    [InlineData("^*a", "a", true)]
    [InlineData("a.c", "a-c", true)]
    [InlineData(@"a\.c", "a-c", false)]
    [InlineData(@"a\.c", "a.c", true)]
    [InlineData("(?:ab)+?", "abab", true)]
    [InlineData("(?U)a+", "aaa", true)]
    [InlineData("(?P<team>[a-z]+)\\.(?P<kind>in|out)", "sales.in", true)]
    [InlineData("(?<team>[a-z]+)", "sales", true)]
    [InlineData("(?i)ORDERS", "orders", true)]
    [InlineData("(?i:O)rders", "orders", true)]
    [InlineData("(?i:O)RDERS", "orders", false)]
    [InlineData("(?i)a(?-i)B", "AB", true)]
    [InlineData("(?i)a(?-i)B", "Ab", false)]
    [InlineData("((?i)a)B", "AB", true)]
    [InlineData("((?i)a)B", "Ab", false)]
    [InlineData("(?i)x|y", "Y", true)]
    [InlineData("(?i)[a-c]+", "ABc", true)]
    [InlineData("(?i)[^a]", "A", false)]
    [InlineData("(?i)\u212A\u017F", "ks", true)]
    [InlineData(@"\d+", "42", true)]
    [InlineData(@"\D+", "42", false)]
    [InlineData(@"\w+", "a_1", true)]
    [InlineData(@"\w+", "a-1", false)]
    [InlineData(@"[\w.]+", "a.1", true)]
    [InlineData(@"[^\d]+", "ab", true)]
    [InlineData("[[:alpha:]]+", "ab", true)]
    [InlineData("[[:alpha:]]+", "a1", false)]
    [InlineData("[[:^alpha:]]+", "12", true)]
    [InlineData("[[:upper:][:digit:]]+", "A1", true)]
    [InlineData("[]a]+", "a]", true)]
    [InlineData("[^]]", "a", true)]
    [InlineData("[a-]+", "a-", true)]
    [InlineData("[-a]+", "a-", true)]
    [InlineData("[a-c-e]+", "b-e", true)]
    [InlineData("[a-c-e]+", "d", false)]
    [InlineData(@"[\-.]+", "-.", true)]
    [InlineData("[а-я]|x", "x", true)]
    [InlineData("[^а-я]", "x", true)]
    [InlineData("[a-я]+", "xyz", true)]
    [InlineData(@"\p{L}+", "ab", true)]
    [InlineData(@"\pL+", "aB", true)]
    [InlineData(@"\p{Lu}", "a", false)]
    [InlineData(@"\p{^Lu}", "a", true)]
    [InlineData(@"\P{Lu}", "a", true)]
    [InlineData(@"\p{Latin}\p{Nd}", "a1", true)]
    [InlineData(@"\p{Greek}", "a", false)]
    [InlineData(@"\P{Greek}", "a", true)]
    [InlineData(@"[\p{Pd}\p{Pc}]+", "-_", true)]
    [InlineData(@"\Qa.b\E", "a.b", true)]
    [InlineData(@"\Qa.b\E", "a-b", false)]
    [InlineData(@"\Qab\E+", "abbb", true)]
    [InlineData(@"\Qa.b", "a.b", true)]
    [InlineData(@"\x61\x{62}\141", "aba", true)]
    [InlineData(@"a\b-\bb\B", "a-b", false)]
    [InlineData(@"a\b-\bb", "a-b", true)]
    [InlineData(@"a\Bb", "ab", true)]
    [InlineData("a{3}", "aaa", true)]
    [InlineData("a{3}", "aa", false)]
    [InlineData("a{2,}", "aaaa", true)]
    [InlineData("a{2,}", "a", false)]
    [InlineData("a{1,3}", "aaa", true)]
    [InlineData("a{1,3}", "aaaa", false)]
    [InlineData("a{0}b", "b", true)]
    [InlineData("(a|b){0,2}c", "abc", true)]
    [InlineData("a{,3}", "aaa", false)]
    [InlineData("(a*)*", "aaa", true)]
    [InlineData("(a*)+b", "aaab", true)]
    [InlineData("(|a)*", "aa", true)]
    [InlineData("(){1000}a", "a", true)]
    [InlineData("\U0001F600*a", "a", true)]
    public void IsMatch_Expression_MeansWhatRe2Says(string pattern, string topic, bool expected)
    {
        Assert.True(TopicRegex.TryParse(pattern, out TopicRegex? regex, out string? error), error);
        Assert.Equal(expected, regex.IsMatch(topic));
        Assert.Equal(pattern, regex.Pattern);
    }

    [Theory]
    [InlineData("(?=a)b", "lookahead is not supported: `(?=`")]
    [InlineData("(?!a)b", "lookahead is not supported")]
    [InlineData("(?<=a)b", "lookbehind is not supported")]
    [InlineData("(?<!a)b", "lookbehind is not supported")]
    [InlineData("(?>a)", "an atomic group is not supported")]
    [InlineData("(?#a)", "a comment is not supported")]
    [InlineData("(?P=a)", "a backreference is not supported")]
    [InlineData(@"(a)\1", @"a backreference is not supported: `\1`")]
    [InlineData(@"(?P<n>a)\k<n>", "a backreference is not supported")]
    [InlineData("a++", "possessive repetition is not supported: `a++`")]
    [InlineData("a*+", "possessive repetition is not supported")]
    [InlineData("a**", "a repetition follows a repetition: `a**`")]
    [InlineData("a{2}{3}", "a repetition follows a repetition")]
    [InlineData("a+?*", "a repetition follows a repetition")]
    [InlineData("*a", "there is nothing before this that could be repeated: `*`")]
    [InlineData("a|*", "nothing before this")]
    [InlineData("(?i)*", "nothing before this")]
    [InlineData("(*)", "nothing before this")]
    [InlineData("(a", "the group is not closed: `(a`")]
    [InlineData("a)", "there is no group that this closes: `)`")]
    [InlineData("(?", "the group is not closed")]
    [InlineData("(?i", "the group is not closed")]
    [InlineData("(?)", "the flags are missing")]
    [InlineData("(?z)", "this is no kind of group, and no flags")]
    [InlineData("(?i-)", "this is no kind of group, and no flags")]
    [InlineData("(?P<>a)", "the name of the group is not one")]
    [InlineData("(?P<a-b>a)", "the name of the group is not one")]
    [InlineData("(?P<n", "the name of the group is not one")]
    [InlineData("(?P<n>a)(?P<n>b)", "two groups have the same name: `n`")]
    [InlineData("[a", "the class is not closed: `[a`")]
    [InlineData("[", "the class is not closed")]
    [InlineData("[a-", "the class is not closed")]
    [InlineData("[]", "the class is not closed")]
    [InlineData("[z-a]", "the range is the wrong way round: `z-a`")]
    [InlineData("[[:letter:]]", "there is no such class: `[:letter:]`")]
    [InlineData(@"\p{Klingon}", @"there is no such class: `\p{Klingon}`")]
    [InlineData(@"\p{L", "the class has no name")]
    [InlineData(@"\p", "the class has no name")]
    [InlineData(@"\Z", @"there is no such escape: `\Z`")]
    [InlineData(@"[\b]", @"there is no such escape: `\b`")]
    [InlineData(@"a\", "nothing follows the backslash at the end")]
    [InlineData(@"\xZZ", "this is no character's number")]
    [InlineData(@"\x{110000}", "this is no character's number")]
    [InlineData(@"\x{", "this is no character's number")]
    [InlineData("a{1001}", "a count is larger than 1000: `{1001}`")]
    [InlineData("a{99999999999}", "a count is larger than 1000")]
    [InlineData("a{3,2}", "the counts of the repetition are the wrong way round: `{3,2}`")]
    public void TryParse_NotRe2_SaysWhatIsWrong(string pattern, string expected)
    {
        Assert.False(TopicRegex.TryParse(pattern, out _, out string? error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("((a{1000}){1000}){1000}")]
    [InlineData("(((a{100}){100}){100}){100}")]
    [InlineData("(a{1,1000}){1,1000}")]
    [InlineData("((){1000}){1000}")]
    [InlineData("(^{1000}){1000}")]
    [InlineData("(a?){1000}(a?){1000}(a?){1000}a{1000}")]
    public void TryParse_RepetitionsThatExplode_IsRefusedAtOnce(string pattern)
    {
        Assert.False(TopicRegex.TryParse(pattern, out _, out string? error));
        Assert.Contains("too large", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_TooLong_IsRefused()
    {
        Assert.True(TopicRegex.TryParse(new string('a', 3_990), out _, out _));
        Assert.False(TopicRegex.TryParse(new string('a', TopicRegex.MaxLength + 1), out _, out string? error));
        Assert.Contains("4000 are allowed", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_DeepNesting_IsRefused()
    {
        Assert.True(TopicRegex.TryParse(new string('(', 200) + "a" + new string(')', 200), out _, out _));
        Assert.False(TopicRegex.TryParse(new string('(', 1_900) + "a" + new string(')', 1_900), out _, out string? error));
        Assert.Contains("nested", error, StringComparison.Ordinal);
    }

    // With a backtracking matcher each of these runs for longer than anybody waits; here the test's time is the proof.
    [Theory]
    [InlineData("(a+)+b")]
    [InlineData("(a|aa)+b")]
    [InlineData("(a|a?)+b")]
    [InlineData("(.*a){30}b")]
    [InlineData("(a?){200}a{200}b")]
    [InlineData(".*a.{1000}b")]
    [InlineData("((a*)*)*b")]
    [InlineData("(x+x+)+y|(a|a|a|a|a|a)*b")]
    public void IsMatch_ExpressionThatBacktrackersChokeOn_TakesLinearTime(string pattern)
    {
        Assert.True(TopicRegex.TryParse(pattern, out TopicRegex? regex, out string? error), error);
        for (int i = 0; i < 20; i++) Assert.False(regex.IsMatch(new string('a', 249)));
    }

    [Fact]
    public void IsMatch_RandomExpressions_AgreesWithTheModel()
    {
        for (int seed = 0; seed < 1_500; seed++)
        {
            var random = new Random(seed);
            Expression expression = Expression.Make(random, 3);
            Assert.True(TopicRegex.TryParse(expression.Pattern, out TopicRegex? regex, out string? error), $"seed {seed}, {expression.Pattern}: {error}");
            for (int i = 0; i < 20; i++)
            {
                string text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => "abB1-."[random.Next(6)]));
                bool expected = expression.Ends(text, 0).Contains(text.Length);
                Assert.True(expected == regex.IsMatch(text), $"seed {seed}: {expression.Pattern} with {text} is {regex.IsMatch(text)}");
            }
        }
    }

    [Fact]
    public void TryParse_RandomCharacters_NeverThrowsAndNeverExceedsItsBounds()
    {
        const string alphabet = @"ab(){}[]|*+?^$.\-,:<>=!PpiQEdw01:ié";
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var pattern = new StringBuilder();
            for (int length = random.Next(20); length > 0; length--) pattern.Append(alphabet[random.Next(alphabet.Length)]);
            if (TopicRegex.TryParse(pattern.ToString(), out TopicRegex? regex, out string? error)) regex.IsMatch("aab-1");
            else Assert.NotEmpty(error);
        }
    }

    /// <summary>An expression with what it means: where it can end when it begins at a place of a text.</summary>
    private sealed record Expression(string Pattern, Func<string, int, HashSet<int>> Ends)
    {
        // Texts are shorter: more rounds reach nothing else.
        private const int Enough = 10;

        private static readonly Expression[] Leaves =
        [
            One("a", c => c == 'a'), One(".", _ => true), One("[a-b]", c => c is 'a' or 'b'), One("[^a]", c => c != 'a'), One("-", c => c == '-'),
            One(@"\.", c => c == '.'), One("(?i:b)", c => c is 'b' or 'B'), One(@"[\d-]", c => c is '1' or '-'), One(@"\W", c => c is '.' or '-'),
            At("^", (_, at) => at == 0), At("$", (text, at) => at == text.Length), At(@"\b", IsBoundary), At(@"\B", (text, at) => !IsBoundary(text, at)),
        ];

        public static Expression Make(Random random, int depth)
        {
            if (depth == 0 || random.Next(4) == 0) return Leaves[random.Next(Leaves.Length)];
            Expression inner = Make(random, depth - 1);
            Expression other = Make(random, depth - 1);
            int least = random.Next(3);
            int most = least + random.Next(3);
            return random.Next(7) switch
            {
                0 => new($"(?:{inner.Pattern})*", (text, at) => inner.Times(text, at, 0, Enough)),
                1 => new($"(?:{inner.Pattern})+?", (text, at) => inner.Times(text, at, 1, Enough)),
                2 => new($"(?:{inner.Pattern})?", (text, at) => inner.Times(text, at, 0, 1)),
                3 => new($"(?:{inner.Pattern}){{{least},{most}}}", (text, at) => inner.Times(text, at, least, most)),
                4 => new($"(?:{inner.Pattern}){{{least},}}", (text, at) => inner.Times(text, at, least, Enough)),
                5 => new($"(?:{inner.Pattern}|{other.Pattern})", (text, at) => [.. inner.Ends(text, at), .. other.Ends(text, at)]),
                _ => new(inner.Pattern + other.Pattern, (text, at) => [.. inner.Ends(text, at).SelectMany(end => other.Ends(text, end))]),
            };
        }

        private static Expression One(string pattern, Func<char, bool> fits) => new(pattern, (text, at) => at < text.Length && fits(text[at]) ? [at + 1] : []);

        private static Expression At(string pattern, Func<string, int, bool> holds) => new(pattern, (text, at) => holds(text, at) ? [at] : []);

        private static bool IsBoundary(string text, int at) =>
            (at > 0 && char.IsAsciiLetterOrDigit(text[at - 1])) != (at < text.Length && char.IsAsciiLetterOrDigit(text[at]));

        private HashSet<int> Times(string text, int from, int least, int most)
        {
            HashSet<int> reached = [from];
            HashSet<int> ends = least == 0 ? [from] : [];
            for (int round = 1; round <= most && reached.Count > 0; round++)
            {
                reached = [.. reached.SelectMany(at => Ends(text, at))];
                if (round >= least) ends.UnionWith(reached);
            }

            return ends;
        }
    }
}
