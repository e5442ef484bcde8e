namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>A place between characters that an expression can ask for.</summary>
internal enum RegexPlace
{
    /// <summary><c>^</c> and <c>\A</c>; with or without <c>(?m)</c>: a name has one line.</summary>
    Start,

    /// <summary><c>$</c> and <c>\z</c>.</summary>
    End,

    /// <summary><c>\b</c>, between ASCII word characters and others.</summary>
    WordBoundary,

    /// <summary><c>\B</c>.</summary>
    NoWordBoundary,
}
