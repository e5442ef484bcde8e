using System.Globalization;

namespace KBroker.Benchmarks.Load.Servers;

/// <summary>Starts one of the bare servers.</summary>
internal static class BareServer
{
    public static async Task<ServerProcess> StartAsync(Options options, string kind, string directory = ".")
    {
        int port = ServerProcess.FreePort();
        ServerProcess server = ServerProcess.Spawn(
            options.Bare, [kind, port.ToString(CultureInfo.InvariantCulture), directory], port, options.At("bare.log"));
        (await server.ConnectAsync()).Dispose();
        return server;
    }
}
