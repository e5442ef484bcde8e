using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Text.RegularExpressions;
using KBroker.Protocol.Wire;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>
/// Sees every exception the moment it is thrown, whoever catches it. Those that hostile input may cause are few; any other that
/// is thrown under the broker's code is a bug, even if a log swallows it.
/// </summary>
internal sealed class ExceptionWatch : IDisposable
{
    private const int MaxKept = 20;

    [ThreadStatic]
    private static bool _looking;

    private readonly ConcurrentDictionary<string, string> _bugs = new();

    public ExceptionWatch() => AppDomain.CurrentDomain.FirstChanceException += Look;

    /// <summary>One text for each kind of unexpected exception.</summary>
    public IReadOnlyCollection<string> Bugs => [.. _bugs.Values];

    public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= Look;

    private static bool IsExpected(Exception error) =>
        error is MalformedMessageException or IOException or SocketException or OperationCanceledException or TimeoutException
            // The socket of a client that has gone meanwhile, seen by the side that has not noticed yet.
            or ObjectDisposedException { ObjectName: "System.Net.Sockets.Socket" or "System.Net.Sockets.SafeSocketHandle" }
            // What the platform's gzip says of a stream that is none.
            or InvalidDataException { TargetSite.DeclaringType.Namespace: "System.IO.Compression" }
            // What parsers of expressions say of one that is none.
            or RegexParseException or NotSupportedException { TargetSite.DeclaringType.Namespace: "System.Text.RegularExpressions" }
        || error.GetType().Name == "RegexSyntaxException";

    private void Look(object? sender, FirstChanceExceptionEventArgs e)
    {
        if (_looking || IsExpected(e.Exception) || _bugs.Count >= MaxKept) return;
        _looking = true;
        try
        {
            string stack = new StackTrace(1).ToString();
            bool isProduct = stack.Contains("at KBroker.Broker.", StringComparison.Ordinal) || stack.Contains("at KBroker.LogEngine.", StringComparison.Ordinal)
                || stack.Contains("at KBroker.Controller.", StringComparison.Ordinal) || stack.Contains("at KBroker.Protocol.", StringComparison.Ordinal);
            if (!isProduct) return;
            string where = stack.Split('\n').FirstOrDefault(line => line.Contains("at KBroker.", StringComparison.Ordinal)) ?? "";
            _bugs.TryAdd($"{e.Exception.GetType()} {where}", $"{e.Exception.GetType()}: {e.Exception.Message}\n{stack}");
        }
        finally
        {
            _looking = false;
        }
    }
}
