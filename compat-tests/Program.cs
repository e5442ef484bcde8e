using KBroker.Compat.Tests.Churn;

namespace KBroker.Compat.Tests;

/// <summary>The assembly of the tests is also the program of those clients in .NET that must be processes, so that they can die.</summary>
internal static class Program
{
    public static int Main(string[] arguments) => arguments is ["member", .. string[] rest]
        ? ConfluentMember.Run(rest)
        : throw new ArgumentException("The only program is: member NAME BOOTSTRAP SETTINGS", nameof(arguments));
}
