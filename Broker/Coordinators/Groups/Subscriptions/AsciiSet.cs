namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>
/// A set of the characters that can occur in the name of a topic: these are ASCII, so that every class of an expression, however much
/// of Unicode it names, comes down to 128 bits.
/// </summary>
internal readonly record struct AsciiSet
{
    private const int Characters = 128;

    private readonly UInt128 _bits;

    private AsciiSet(UInt128 bits) => _bits = bits;

    /// <summary>No character.</summary>
    public static AsciiSet None => default;

    /// <summary>All characters.</summary>
    public static AsciiSet All => new(UInt128.MaxValue);

    /// <summary>All but the newline.</summary>
    public static AsciiSet AllButNewline => Of('\n').Complement();

    public static AsciiSet Digits => Range('0', '9');

    public static AsciiSet WordCharacters { get; } = Range('0', '9').Union(Range('A', 'Z')).Union(Range('a', 'z')).Union(Of('_'));

    public static AsciiSet Spaces => OfAny("\t\n\f\r ");

    /// <summary>One character; none if it is not ASCII.</summary>
    public static AsciiSet Of(int codePoint) => Range(codePoint, codePoint);

    public static AsciiSet OfAny(string characters)
    {
        AsciiSet set = None;
        foreach (char c in characters) set = set.Union(Of(c));
        return set;
    }

    /// <summary>Those of a range, both ends included, that are ASCII.</summary>
    public static AsciiSet Range(int first, int last)
    {
        UInt128 bits = 0;
        for (int c = first; c <= Math.Min(last, Characters - 1); c++) bits |= UInt128.One << c;
        return new AsciiSet(bits);
    }

    /// <summary>Those that a condition holds of.</summary>
    public static AsciiSet Where(Func<char, bool> condition)
    {
        AsciiSet set = None;
        for (char c = '\0'; c < Characters; c++)
        {
            if (condition(c)) set = set.Union(Of(c));
        }

        return set;
    }

    public bool Contains(char c) => c < Characters && ((_bits >> c) & UInt128.One) != 0;

    public AsciiSet Union(AsciiSet other) => new(_bits | other._bits);

    public AsciiSet Complement() => new(~_bits);

    /// <summary>The set with each letter in both cases.</summary>
    public AsciiSet InBothCases()
    {
        AsciiSet set = this;
        for (char c = 'a'; c <= 'z'; c++)
        {
            char upper = char.ToUpperInvariant(c);
            if (Contains(c) || Contains(upper)) set = set.Union(Of(c)).Union(Of(upper));
        }

        return set;
    }
}
