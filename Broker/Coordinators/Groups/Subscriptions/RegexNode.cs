namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>A part of an expression.</summary>
/// <param name="Size">How many steps its program has at most; sums of it never overflow, since a parser refuses what is too large.</param>
internal abstract record RegexNode(int Size)
{
    /// <summary>One character out of a set.</summary>
    internal sealed record Set(AsciiSet Characters) : RegexNode(1);

    /// <summary>A place between characters.</summary>
    internal sealed record Place(RegexPlace Kind) : RegexNode(1);

    /// <summary>One after the other; none: the empty text.</summary>
    internal sealed record Sequence(IReadOnlyList<RegexNode> Parts) : RegexNode(1 + Parts.Sum(part => part.Size));

    /// <summary>One of several.</summary>
    internal sealed record Choice(IReadOnlyList<RegexNode> Parts) : RegexNode(Parts.Sum(part => part.Size + 2));

    /// <summary>Several times the same.</summary>
    /// <param name="Part">What.</param>
    /// <param name="Least">At least so often.</param>
    /// <param name="Most">At most so often; -1 for any number.</param>
    /// <param name="Size">The steps.</param>
    internal sealed record Repeat(RegexNode Part, int Least, int Most, int Size) : RegexNode(Size)
    {
        /// <summary>How many steps a repetition needs.</summary>
        public static long SizeOf(RegexNode part, int least, int most) =>
            1 + (Math.Max(least, 1L) * (part.Size + 1)) + (most > least ? (long)(most - least) * (part.Size + 1) : 2);
    }
}
