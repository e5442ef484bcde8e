#if SYSTEM_LIBRDKAFKA
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace KBroker.Compat.Tests.Clients;

/// <summary>
/// Gives Confluent.Kafka the distribution's librdkafka in place of the one of its native package, behind a library that adds the names
/// which that version does not have (clients/librdkafka_epochs.c).
/// </summary>
internal static class NativeKafka
{
    [ModuleInitializer]
    internal static void Initialize() => NativeLibrary.SetDllImportResolver(typeof(IClient).Assembly, Resolve);

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? search) => name switch
    {
        "libdl" => NativeLibrary.Load("libdl.so.2"),
        _ when name.Contains("rdkafka", StringComparison.Ordinal) => NativeLibrary.Load(ClientScript.Installed("librdkafka_epochs.so")),
        _ => IntPtr.Zero,
    };
}
#endif
