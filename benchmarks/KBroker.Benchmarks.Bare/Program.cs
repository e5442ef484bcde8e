using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KBroker.Benchmarks.Bare;
using KBroker.Broker.Connections.Sockets;

SocketRuntime.UseInlineCompletions();

if (args.Length < 2)
{
    Console.Error.WriteLine("usage: KBroker.Benchmarks.Bare ingest|ingest-preallocated|sendfile|echo|transport-echo PORT [DIRECTORY]");
    return 2;
}

int port = int.Parse(args[1], CultureInfo.InvariantCulture);
string directory = args.Length > 2 ? args[2] : ".";
if (args[0] == "transport-echo")
{
    await new TransportEchoServer(port).RunAsync();
    return 0;
}

using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
listener.Listen(4096);

switch (args[0])
{
    case "ingest":
        await new IngestServer(listener, directory, preallocate: false).RunAsync();
        return 0;
    case "ingest-preallocated":
        await new IngestServer(listener, directory, preallocate: true).RunAsync();
        return 0;
    case "sendfile":
        new SendfileServer(listener, directory).Run();
        return 0;
    case "echo":
        await new EchoServer(listener).RunAsync();
        return 0;
    default:
        Console.Error.WriteLine($"unknown server '{args[0]}'");
        return 2;
}
