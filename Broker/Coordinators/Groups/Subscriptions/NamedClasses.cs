using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>The classes of characters that have names in RE2's syntax, as far as they are ASCII.</summary>
internal static class NamedClasses
{
    private static readonly FrozenDictionary<string, AsciiSet> Posix = new Dictionary<string, AsciiSet>
    {
        ["alnum"] = AsciiSet.Where(char.IsAsciiLetterOrDigit),
        ["alpha"] = AsciiSet.Where(char.IsAsciiLetter),
        ["ascii"] = AsciiSet.All,
        ["blank"] = AsciiSet.OfAny("\t "),
        ["cntrl"] = AsciiSet.Where(char.IsControl),
        ["digit"] = AsciiSet.Digits,
        ["graph"] = AsciiSet.Range('!', '~'),
        ["lower"] = AsciiSet.Range('a', 'z'),
        ["print"] = AsciiSet.Range(' ', '~'),
        ["punct"] = AsciiSet.Where(c => c is >= '!' and <= '~' && !char.IsAsciiLetterOrDigit(c)),
        ["space"] = AsciiSet.OfAny("\t\n\v\f\r "),
        ["upper"] = AsciiSet.Range('A', 'Z'),
        ["word"] = AsciiSet.WordCharacters,
        ["xdigit"] = AsciiSet.Where(char.IsAsciiHexDigit),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Unicode's general categories, by the letters of their names; a single letter stands for all that begin with it.
    private static readonly FrozenDictionary<string, UnicodeCategory> Categories = new Dictionary<string, UnicodeCategory>
    {
        ["Lu"] = UnicodeCategory.UppercaseLetter,
        ["Ll"] = UnicodeCategory.LowercaseLetter,
        ["Lt"] = UnicodeCategory.TitlecaseLetter,
        ["Lm"] = UnicodeCategory.ModifierLetter,
        ["Lo"] = UnicodeCategory.OtherLetter,
        ["Mn"] = UnicodeCategory.NonSpacingMark,
        ["Mc"] = UnicodeCategory.SpacingCombiningMark,
        ["Me"] = UnicodeCategory.EnclosingMark,
        ["Nd"] = UnicodeCategory.DecimalDigitNumber,
        ["Nl"] = UnicodeCategory.LetterNumber,
        ["No"] = UnicodeCategory.OtherNumber,
        ["Zs"] = UnicodeCategory.SpaceSeparator,
        ["Zl"] = UnicodeCategory.LineSeparator,
        ["Zp"] = UnicodeCategory.ParagraphSeparator,
        ["Cc"] = UnicodeCategory.Control,
        ["Cf"] = UnicodeCategory.Format,
        ["Cs"] = UnicodeCategory.Surrogate,
        ["Co"] = UnicodeCategory.PrivateUse,
        ["Pc"] = UnicodeCategory.ConnectorPunctuation,
        ["Pd"] = UnicodeCategory.DashPunctuation,
        ["Ps"] = UnicodeCategory.OpenPunctuation,
        ["Pe"] = UnicodeCategory.ClosePunctuation,
        ["Pi"] = UnicodeCategory.InitialQuotePunctuation,
        ["Pf"] = UnicodeCategory.FinalQuotePunctuation,
        ["Po"] = UnicodeCategory.OtherPunctuation,
        ["Sm"] = UnicodeCategory.MathSymbol,
        ["Sc"] = UnicodeCategory.CurrencySymbol,
        ["Sk"] = UnicodeCategory.ModifierSymbol,
        ["So"] = UnicodeCategory.OtherSymbol,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Scripts without an ASCII character: no character of theirs can be in a topic's name. Of the others, Latin and Common have some.
    private static readonly FrozenSet<string> OtherScripts = FrozenSet.ToFrozenSet(
        ("Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Chakma Cham "
            + "Cherokee Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Egyptian_Hieroglyphs Ethiopic Georgian Glagolitic Gothic Greek "
            + "Gujarati Gurmukhi Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian "
            + "Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Lao Lepcha Limbu Linear_B Lisu Lycian Lydian Malayalam Mandaic "
            + "Meetei_Mayek Meroitic_Cursive Meroitic_Hieroglyphs Miao Mongolian Myanmar New_Tai_Lue Nko Ogham Ol_Chiki Old_Italic Old_Persian "
            + "Old_South_Arabian Old_Turkic Oriya Osmanya Phags_Pa Phoenician Rejang Runic Samaritan Saurashtra Sharada Shavian Sinhala "
            + "Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Telugu Thaana Thai Tibetan "
            + "Tifinagh Ugaritic Vai Yi").Split(' '),
        StringComparer.Ordinal);

    /// <summary>A class such as <c>alpha</c> in <c>[[:alpha:]]</c>.</summary>
    public static bool TryGetPosix(string name, out AsciiSet set) => Posix.TryGetValue(name, out set);

    /// <summary>A general category such as <c>Lu</c> or <c>L</c>, a script such as <c>Greek</c>, or <c>Any</c>.</summary>
    public static bool TryGetUnicode(string name, [MaybeNullWhen(false)] out AsciiSet set)
    {
        set = AsciiSet.None;
        switch (name)
        {
            case "Any":
                set = AsciiSet.All;
                return true;
            case "Latin":
                set = AsciiSet.Where(char.IsAsciiLetter);
                return true;
            case "Common":
                set = AsciiSet.Where(char.IsAsciiLetter).Complement();
                return true;
        }

        if (Categories.TryGetValue(name, out UnicodeCategory category))
        {
            set = AsciiSet.Where(c => char.GetUnicodeCategory(c) == category);
            return true;
        }

        if (name.Length == 1 && Categories.Keys.Any(key => key[0] == name[0]))
        {
            set = AsciiSet.Where(c => Categories.Any(one => one.Key[0] == name[0] && one.Value == char.GetUnicodeCategory(c)));
            return true;
        }

        return OtherScripts.Contains(name);
    }
}
