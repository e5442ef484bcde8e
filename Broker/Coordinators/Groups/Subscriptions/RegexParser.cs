using System.Globalization;
using System.Text;

namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>
/// Reads an expression in RE2's syntax. What RE2 has not, because it cannot be matched in linear time or for other reasons, is refused
/// with its name: lookaround, backreferences, possessive repetition, atomic groups, comments.
/// </summary>
/// <param name="pattern">The expression.</param>
internal sealed class RegexParser(string pattern)
{
    private const int MaxRepeat = 1_000;
    private const int MaxDepth = 200;

    private static readonly (string Opening, string Name)[] Unsupported =
    [
        ("=", "lookahead"),
        ("!", "lookahead"),
        ("<=", "lookbehind"),
        ("<!", "lookbehind"),
        (">", "an atomic group"),
        ("#", "a comment"),
        ("P=", "a backreference"),
        ("P>", "a recursive call"),
    ];

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private RegexFlags _flags;
    private int _at;
    private int _depth;

    /// <summary>Reads the whole.</summary>
    /// <exception cref="RegexSyntaxException">It is not an expression, or needs too much.</exception>
    public RegexNode Parse()
    {
        RegexNode node = ParseChoice();
        if (_at < pattern.Length) throw Error("there is no group that this closes", ")");
        return node;
    }

    private RegexNode ParseChoice()
    {
        RegexFlags outer = _flags;
        var parts = new List<RegexNode> { ParseSequence() };
        while (TryTake('|')) parts.Add(ParseSequence());
        _flags = outer;
        return parts.Count == 1 ? parts[0] : Checked(new RegexNode.Choice(parts));
    }

    private RegexNode ParseSequence()
    {
        var parts = new List<RegexNode>();
        while (_at < pattern.Length && pattern[_at] is not ('|' or ')'))
        {
            int start = _at;
            if (TakeText("\\Q"))
            {
                ParseQuoted(parts);
                continue;
            }

            if (TakeText("\\E")) continue;
            if (RepetitionAt(_at) > 0) throw Error("there is nothing before this that could be repeated", pattern.Substring(_at, RepetitionAt(_at)));
            RegexNode? node = ParseAtom();
            if (node is null) continue;
            parts.Add(ParseRepetition(node, start));
            Check(parts.Count, start);
        }

        return parts.Count == 1 ? parts[0] : Checked(new RegexNode.Sequence(parts));
    }

    // Nothing in a quotation has a meaning; a repetition behind it is one of its last character.
    private void ParseQuoted(List<RegexNode> parts)
    {
        int end = pattern.IndexOf("\\E", _at, StringComparison.Ordinal);
        int stop = end < 0 ? pattern.Length : end;
        int start = _at;
        while (_at < stop) parts.Add(Literal(TakeCodePoint()));
        bool isEmpty = _at == start;
        if (end >= 0) _at = end + 2;
        if (!isEmpty) parts[^1] = ParseRepetition(parts[^1], start);
    }

    private RegexNode? ParseAtom()
    {
        switch (pattern[_at])
        {
            case '(':
                return ParseGroup();
            case '[':
                return new RegexNode.Set(ParseClass());
            case '.':
                _at++;
                return new RegexNode.Set(_flags.DotIsNewline ? AsciiSet.All : AsciiSet.AllButNewline);
            case '^':
                _at++;
                return new RegexNode.Place(RegexPlace.Start);
            case '$':
                _at++;
                return new RegexNode.Place(RegexPlace.End);
            case '\\':
                return ParseEscape();
            default:
                return Literal(TakeCodePoint());
        }
    }

    private RegexNode? ParseGroup()
    {
        int start = _at++;
        RegexFlags outer = _flags;
        if (TryTake('?') && ParseGroupKind(start)) return null;
        if (++_depth > MaxDepth) throw new RegexSyntaxException($"groups are nested more than {MaxDepth} deep");
        RegexNode node = ParseChoice();
        _depth--;
        _flags = outer;
        if (!TryTake(')')) throw Error("the group is not closed", pattern[start..]);
        return node;
    }

    /// <summary>What stands behind <c>(?</c>.</summary>
    /// <returns>Whether that was all: flags for the rest of the group around it.</returns>
    private bool ParseGroupKind(int start)
    {
        foreach ((string opening, string name) in Unsupported)
        {
            if (TakeText(opening)) throw Error($"{name} is not supported", pattern[start.._at]);
        }

        if (TakeText("P<") || TakeText("<"))
        {
            int end = pattern.IndexOf('>', _at);
            string name = end < 0 ? "" : pattern[_at..end];
            if (name.Length == 0 || !name.All(AsciiSet.WordCharacters.Contains)) throw Error("the name of the group is not one", pattern[start..(end < 0 ? pattern.Length : end + 1)]);
            if (!_names.Add(name)) throw Error("two groups have the same name", name);
            _at = end + 1;
            return false;
        }

        return ParseFlags(start);
    }


    private bool ParseFlags(int start)
    {
        bool on = true;
        bool any = false;
        RegexFlags flags = _flags;
        for (; _at < pattern.Length; _at++)
        {
            switch (pattern[_at])
            {
                case 'i':
                    flags = flags with { IgnoreCase = on };
                    any = true;
                    break;
                case 's':
                    flags = flags with { DotIsNewline = on };
                    any = true;
                    break;
                case 'm' or 'U':
                    // A name has one line; a match of the whole is the same, greedy or not.
                    any = true;
                    break;
                case '-' when on:
                    on = false;
                    any = false;
                    break;
                case ':' or ')' when any || on:
                    bool isOver = pattern[_at++] == ')';
                    if (isOver && !any) throw Error("the flags are missing", pattern[start.._at]);
                    _flags = flags;
                    return isOver;
                default:
                    throw Error("this is no kind of group, and no flags", pattern[start..(_at + 1)]);
            }
        }

        throw Error("the group is not closed", pattern[start..]);
    }

    private RegexNode ParseRepetition(RegexNode node, int start)
    {
        int length = RepetitionAt(_at);
        if (length == 0) return node;
        (int least, int most) = Bounds(pattern.Substring(_at, length));
        _at += length;
        // Lazy or not makes no difference to a match of the whole.
        bool isLazy = TryTake('?');
        int more = RepetitionAt(_at);
        if (more > 0)
        {
            string text = pattern[start..(_at + more)];
            throw !isLazy && pattern[_at] == '+' ? Error("possessive repetition is not supported", text) : Error("a repetition follows a repetition", text);
        }

        long size = RegexNode.Repeat.SizeOf(node, least, most);
        Check(size, start);
        return new RegexNode.Repeat(node, least, most, (int)size);
    }

    // A brace that does not open a count stands for itself.
    private int RepetitionAt(int at)
    {
        if (at >= pattern.Length) return 0;
        if (pattern[at] is '*' or '+' or '?') return 1;
        if (pattern[at] != '{') return 0;
        int i = at + 1;
        int first = i;
        while (i < pattern.Length && char.IsAsciiDigit(pattern[i])) i++;
        if (i == first) return 0;
        if (i < pattern.Length && pattern[i] == ',')
        {
            i++;
            while (i < pattern.Length && char.IsAsciiDigit(pattern[i])) i++;
        }

        return i < pattern.Length && pattern[i] == '}' ? i + 1 - at : 0;
    }

    private static (int Least, int Most) Bounds(string repetition)
    {
        switch (repetition)
        {
            case "*":
                return (0, -1);
            case "+":
                return (1, -1);
            case "?":
                return (0, 1);
        }

        string[] parts = repetition[1..^1].Split(',');
        int least = Count(parts[0], repetition);
        int most = parts.Length == 1 ? least : parts[1].Length == 0 ? -1 : Count(parts[1], repetition);
        if (most >= 0 && most < least) throw Error("the counts of the repetition are the wrong way round", repetition);
        return (least, most);
    }

    private static int Count(string digits, string repetition) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= MaxRepeat
            ? count
            : throw Error($"a count is larger than {MaxRepeat}", repetition);

    private RegexNode ParseEscape()
    {
        if (_at + 1 < pattern.Length)
        {
            RegexPlace? place = pattern[_at + 1] switch
            {
                'A' => RegexPlace.Start,
                'z' => RegexPlace.End,
                'b' => RegexPlace.WordBoundary,
                'B' => RegexPlace.NoWordBoundary,
                _ => null,
            };
            if (place is not null)
            {
                _at += 2;
                return new RegexNode.Place(place.Value);
            }
        }

        return TryTakeEscapedClass(out AsciiSet set) ? new RegexNode.Set(set) : Literal(TakeEscapedCodePoint());
    }

    private AsciiSet ParseClass()
    {
        int start = _at++;
        bool isNegated = TryTake('^');
        AsciiSet set = AsciiSet.None;
        for (bool first = true; ; first = false)
        {
            if (_at >= pattern.Length) throw Error("the class is not closed", pattern[start..]);
            if (!first && TryTake(']')) break;
            if (pattern[_at] == '[' && TryTakePosix(out AsciiSet named)) set = set.Union(named);
            else if (pattern[_at] == '\\' && TryTakeEscapedClass(out named)) set = set.Union(named);
            else set = set.Union(ParseRange());
        }

        return isNegated ? set.Complement() : set;
    }

    private AsciiSet ParseRange()
    {
        int start = _at;
        int first = TakeInClass(start);
        int last = first;
        if (_at + 1 < pattern.Length && pattern[_at] == '-' && pattern[_at + 1] != ']')
        {
            _at++;
            last = TakeInClass(start);
            if (last < first) throw Error("the range is the wrong way round", pattern[start.._at]);
        }

        AsciiSet range = AsciiSet.Range(first, last);
        return _flags.IgnoreCase ? range.Union(Folded(first, last)).InBothCases() : range;
    }

    private int TakeInClass(int start)
    {
        if (_at >= pattern.Length) throw Error("the class is not closed", pattern[start..]);
        return pattern[_at] == '\\' ? TakeEscapedCodePoint() : TakeCodePoint();
    }

    private bool TryTakePosix(out AsciiSet set)
    {
        set = AsciiSet.None;
        if (_at + 1 >= pattern.Length || pattern[_at + 1] != ':') return false;
        int end = pattern.IndexOf(":]", _at + 2, StringComparison.Ordinal);
        if (end < 0) return false;
        string name = pattern[(_at + 2)..end];
        bool isNegated = name.StartsWith('^');
        if (!NamedClasses.TryGetPosix(isNegated ? name[1..] : name, out set)) throw Error("there is no such class", pattern[_at..(end + 2)]);
        if (_flags.IgnoreCase) set = set.InBothCases();
        if (isNegated) set = set.Complement();
        _at = end + 2;
        return true;
    }

    // \d, \D, \s, \S, \w, \W, \pN, \p{Greek}, \P{^Greek}.
    private bool TryTakeEscapedClass(out AsciiSet set)
    {
        set = AsciiSet.None;
        if (_at + 1 >= pattern.Length) return false;
        char kind = pattern[_at + 1];
        switch (char.ToLowerInvariant(kind))
        {
            case 'd':
                set = AsciiSet.Digits;
                break;
            case 's':
                set = AsciiSet.Spaces;
                break;
            case 'w':
                set = AsciiSet.WordCharacters;
                break;
            case 'p':
                set = TakeUnicodeClass(kind == 'P');
                return true;
            default:
                return false;
        }

        if (char.IsAsciiLetterUpper(kind)) set = set.Complement();
        _at += 2;
        return true;
    }

    private AsciiSet TakeUnicodeClass(bool isNegated)
    {
        int start = _at;
        _at += 2;
        int end = _at < pattern.Length && pattern[_at] == '{' ? pattern.IndexOf('}', _at) : _at;
        if (end < 0 || end >= pattern.Length) throw Error("the class has no name", pattern[start..]);
        string name = end == _at ? pattern[_at..(_at + 1)] : pattern[(_at + 1)..end];
        _at = end + 1;
        if (name.StartsWith('^'))
        {
            isNegated = !isNegated;
            name = name[1..];
        }

        if (!NamedClasses.TryGetUnicode(name, out AsciiSet set)) throw Error("there is no such class", pattern[start.._at]);
        if (_flags.IgnoreCase) set = set.InBothCases();
        return isNegated ? set.Complement() : set;
    }

    private int TakeEscapedCodePoint()
    {
        int start = _at++;
        if (_at >= pattern.Length) throw Error("nothing follows the backslash at the end", "\\");
        char kind = pattern[_at++];
        switch (kind)
        {
            case 'a':
                return '\a';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'v':
                return '\v';
            case 'x':
                return TakeHexadecimal(start);
            case >= '0' and <= '7' when kind == '0' || (_at < pattern.Length && pattern[_at] is >= '0' and <= '7'):
                int octal = kind - '0';
                for (int digits = 1; digits < 3 && _at < pattern.Length && pattern[_at] is >= '0' and <= '7'; digits++) octal = (octal * 8) + pattern[_at++] - '0';
                return octal;
            case >= '1' and <= '9':
                throw Error("a backreference is not supported", pattern[start.._at]);
            case 'k':
                throw Error("a backreference is not supported", pattern[start.._at]);
            case < (char)128 when !char.IsAsciiLetterOrDigit(kind):
                return kind;
            default:
                throw Error("there is no such escape", pattern[start.._at]);
        }
    }

    private int TakeHexadecimal(int start)
    {
        string digits;
        if (TryTake('{'))
        {
            int end = pattern.IndexOf('}', _at);
            digits = end < 0 ? "" : pattern[_at..end];
            _at = end < 0 ? pattern.Length : end + 1;
        }
        else
        {
            digits = pattern[_at..Math.Min(_at + 2, pattern.Length)];
            _at += digits.Length;
            if (digits.Length < 2) digits = "";
        }

        return digits.Length is > 0 and <= 8 && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code) && code is >= 0 and <= 0x10FFFF
            ? code
            : throw Error("this is no character's number", pattern[start.._at]);
    }

    private RegexNode.Set Literal(int codePoint)
    {
        AsciiSet set = AsciiSet.Of(codePoint);
        return new RegexNode.Set(_flags.IgnoreCase ? set.Union(Folded(codePoint, codePoint)).InBothCases() : set);
    }

    // The two characters beyond ASCII whose other case is ASCII: the long s and the sign for Kelvin.
    private static AsciiSet Folded(int first, int last)
    {
        AsciiSet set = AsciiSet.None;
        if (first <= 0x17F && last >= 0x17F) set = set.Union(AsciiSet.Of('s'));
        if (first <= 0x212A && last >= 0x212A) set = set.Union(AsciiSet.Of('k'));
        return set;
    }

    private int TakeCodePoint()
    {
        // Half a pair counts as a character that no name has.
        if (Rune.TryGetRuneAt(pattern, _at, out Rune rune))
        {
            _at += rune.Utf16SequenceLength;
            return rune.Value;
        }

        return pattern[_at++];
    }

    private bool TryTake(char c)
    {
        if (_at >= pattern.Length || pattern[_at] != c) return false;
        _at++;
        return true;
    }

    private bool TakeText(string text)
    {
        if (string.CompareOrdinal(pattern, _at, text, 0, text.Length) != 0) return false;
        _at += text.Length;
        return true;
    }

    private RegexNode Checked(RegexNode node)
    {
        Check(node.Size, 0);
        return node;
    }

    private void Check(long size, int start)
    {
        if (size <= RegexProgram.MaxSteps) return;
        string part = pattern[start..Math.Min(_at, pattern.Length)];
        throw Error($"the expression is too large: its repetitions written out are more than {RegexProgram.MaxSteps} steps", part);
    }

    private static RegexSyntaxException Error(string reason, string part) => new($"{reason}: `{(part.Length <= 60 ? part : part[..60] + "...")}`");
}
