using System.Buffers;
using System.Diagnostics;

namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>
/// An expression as a non-deterministic automaton whose states are advanced all at once, so that a text takes at most its length times
/// the number of steps, whatever the expression. Immutable; any thread may match.
/// </summary>
internal sealed class RegexProgram
{
    /// <summary>The steps that a program may have: bounds its memory and the time of a match.</summary>
    public const int MaxSteps = 4_000;

    private readonly List<Step> _steps = [];
    private readonly Step[] _program;

    /// <param name="node">The expression; its size is at most <see cref="MaxSteps"/>.</param>
    public RegexProgram(RegexNode node)
    {
        Emit(node);
        Debug.Assert(_steps.Count <= node.Size, "A node tells how many steps it needs.");
        _steps.Add(new Step(StepKind.Match));
        _program = [.. _steps];
    }

    private enum StepKind : byte
    {
        /// <summary>Reads a character of a set and goes on to the next step.</summary>
        Read,

        /// <summary>Goes on to two steps.</summary>
        Fork,

        /// <summary>Goes on to another step.</summary>
        Jump,

        /// <summary>Goes on to the next step at a place of a kind.</summary>
        Place,

        /// <summary>The end of the expression.</summary>
        Match,
    }

    /// <summary>Finds whether the whole of a text matches, if that takes no more work than there is left.</summary>
    /// <param name="text">The text.</param>
    /// <param name="left">The work that may be done, in steps looked at; what this takes is taken off, and less than 0 is left if it was too little.</param>
    /// <param name="matches">Whether the text matches.</param>
    /// <returns>Whether the work sufficed.</returns>
    public bool TryMatch(ReadOnlySpan<char> text, ref long left, out bool matches)
    {
        matches = false;
        int count = _program.Length;
        // Clearing the marks is quick, and is not free.
        left -= 1 + (count / 16);
        int[] rented = ArrayPool<int>.Shared.Rent(4 * count);
        try
        {
            Span<int> marks = rented.AsSpan(0, count);
            Span<int> current = rented.AsSpan(count, count);
            Span<int> next = rented.AsSpan(2 * count, count);
            Span<int> stack = rented.AsSpan(3 * count, count);

            // A step is marked with the place it was last reached at, plus one.
            marks.Clear();
            int states = Follow(0, text, 0, marks, current, 0, stack, ref left);
            for (int at = 0; at < text.Length && states > 0; at++)
            {
                left -= states;
                if (left < 0) return false;
                int reached = 0;
                for (int i = 0; i < states; i++)
                {
                    Step step = _program[current[i]];
                    if (step.Kind == StepKind.Read && step.Set.Contains(text[at]))
                        reached = Follow(current[i] + 1, text, at + 1, marks, next, reached, stack, ref left);
                }

                Span<int> spare = current;
                current = next;
                next = spare;
                states = reached;
            }

            for (int i = 0; i < states; i++)
            {
                if (_program[current[i]].Kind == StepKind.Match) matches = true;
            }

            return left >= 0;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    // Each step is put on the stack once for each place in the text, so that loops of what matches nothing end.
    private int Follow(int from, ReadOnlySpan<char> text, int at, Span<int> marks, Span<int> states, int count, Span<int> stack, ref long left)
    {
        int depth = 0;
        Push(from, at, marks, stack, ref depth);
        while (depth > 0)
        {
            left--;
            int number = stack[--depth];
            Step step = _program[number];
            switch (step.Kind)
            {
                case StepKind.Fork:
                    Push(step.Target, at, marks, stack, ref depth);
                    Push(number + 1, at, marks, stack, ref depth);
                    break;
                case StepKind.Jump:
                    Push(step.Target, at, marks, stack, ref depth);
                    break;
                case StepKind.Place:
                    if (IsAt((RegexPlace)step.Target, text, at)) Push(number + 1, at, marks, stack, ref depth);
                    break;
                default:
                    states[count++] = number;
                    break;
            }
        }

        return count;
    }

    private static void Push(int number, int at, Span<int> marks, Span<int> stack, ref int depth)
    {
        if (marks[number] == at + 1) return;
        marks[number] = at + 1;
        stack[depth++] = number;
    }

    private static bool IsAt(RegexPlace place, ReadOnlySpan<char> text, int at)
    {
        switch (place)
        {
            case RegexPlace.Start:
                return at == 0;
            case RegexPlace.End:
                return at == text.Length;
            default:
                bool before = at > 0 && AsciiSet.WordCharacters.Contains(text[at - 1]);
                bool after = at < text.Length && AsciiSet.WordCharacters.Contains(text[at]);
                return before != after == (place == RegexPlace.WordBoundary);
        }
    }

    private void Emit(RegexNode node)
    {
        switch (node)
        {
            case RegexNode.Set set:
                _steps.Add(new Step(StepKind.Read, Set: set.Characters));
                break;
            case RegexNode.Place place:
                _steps.Add(new Step(StepKind.Place, (int)place.Kind));
                break;
            case RegexNode.Sequence sequence:
                foreach (RegexNode part in sequence.Parts) Emit(part);
                break;
            case RegexNode.Choice choice:
                EmitChoice(choice);
                break;
            case RegexNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            default:
                throw new UnreachableException(node.GetType().Name);
        }
    }

    private void EmitChoice(RegexNode.Choice choice)
    {
        var jumps = new List<int>();
        for (int i = 0; i < choice.Parts.Count; i++)
        {
            bool isLast = i == choice.Parts.Count - 1;
            int fork = _steps.Count;
            if (!isLast) _steps.Add(default);
            Emit(choice.Parts[i]);
            if (isLast) continue;
            jumps.Add(_steps.Count);
            _steps.Add(default);
            _steps[fork] = new Step(StepKind.Fork, _steps.Count);
        }

        foreach (int jump in jumps) _steps[jump] = new Step(StepKind.Jump, _steps.Count);
    }

    private void EmitRepeat(RegexNode.Repeat repeat)
    {
        for (int i = 1; i < repeat.Least; i++) Emit(repeat.Part);
        if (repeat.Most < 0)
        {
            EmitLoop(repeat);
            return;
        }

        if (repeat.Least > 0) Emit(repeat.Part);
        var forks = new List<int>();
        for (int i = repeat.Least; i < repeat.Most; i++)
        {
            forks.Add(_steps.Count);
            _steps.Add(default);
            Emit(repeat.Part);
        }

        foreach (int fork in forks) _steps[fork] = new Step(StepKind.Fork, _steps.Count);
    }

    private void EmitLoop(RegexNode.Repeat repeat)
    {
        int start = _steps.Count;
        if (repeat.Least == 0) _steps.Add(default);
        Emit(repeat.Part);
        if (repeat.Least == 0)
        {
            _steps.Add(new Step(StepKind.Jump, start));
            _steps[start] = new Step(StepKind.Fork, _steps.Count);
        }
        else
        {
            _steps.Add(new Step(StepKind.Fork, start));
        }
    }

    private readonly record struct Step(StepKind Kind, int Target = 0, AsciiSet Set = default);
}
