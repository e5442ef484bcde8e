using KBroker.TestKit;

namespace KBroker.Fuzz.Tests.Serving;

/// <summary>Sends frames, each on its own connection, to a broker that is young, and says what went wrong.</summary>
internal static class FrameReplay
{
    /// <summary>The first fault, or null.</summary>
    public static async Task<string?> RunAsync(IEnumerable<byte[]> frames)
    {
        await using FuzzBroker broker = await FuzzBroker.StartAsync();
        using var watch = new ExceptionWatch();
        foreach (byte[] frame in frames)
        {
            await using RawClient client = await RawClient.ConnectAsync(broker.EndPoint);
            await client.SendFrameAsync(frame);
            client.FinishSending();
            Task<byte[]> answer = client.ReadToEndAsync();
            // A fetch may wait as long as it likes; what it does wrong shows by then.
            await Task.WhenAny(answer, Task.Delay(300));
            client.Reset();
            await answer;
            if (watch.Bugs.Concat(broker.Log.Errors).FirstOrDefault() is { } fault) return fault;
        }

        using var canary = new Canary(broker.EndPoint);
        canary.Start();
        await Eventually.TrueAsync(() => canary.Sung > 0 || canary.Failure is not null, "the canary");
        await canary.StopAsync();
        return canary.Failure;
    }
}
