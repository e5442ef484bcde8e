namespace KBroker.Benchmarks.Load.Wire;

/// <summary>The requests that the load sends, as whole frames.</summary>
internal static class Requests
{
    private const int TimeoutMs = 30_000;

    /// <summary>ApiVersions v0: what a client sends first.</summary>
    public static byte[] ApiVersions() => new FrameWriter(18, 0).ToFrame();

    /// <summary>CreateTopics v2, one replica each.</summary>
    public static byte[] CreateTopic(string name, int partitions, params (string Key, string Value)[] configs)
    {
        FrameWriter writer = new FrameWriter(19, 2).Int32(1).String(name).Int32(partitions).Int16(1).Int32(0).Int32(configs.Length);
        foreach ((string key, string value) in configs) writer.String(key).String(value);
        return writer.Int32(TimeoutMs).Int8(0).ToFrame();
    }

    /// <summary>DeleteTopics v1.</summary>
    public static byte[] DeleteTopic(string name) => new FrameWriter(20, 1).Int32(1).String(name).Int32(TimeoutMs).ToFrame();

    /// <summary>Produce v8 of one batch to one partition. The bare servers rely on the batch being last.</summary>
    public static byte[] Produce(string topic, int partition, byte[] batch, short acks = 1) =>
        new FrameWriter(0, 8).String(null).Int16(acks).Int32(TimeoutMs)
            .Int32(1).String(topic).Int32(1).Int32(partition).Int32(batch.Length).Raw(batch).ToFrame();

    /// <summary>ListOffsets v1 of the end of one partition.</summary>
    public static byte[] ListOffsets(string topic, int partition) =>
        new FrameWriter(2, 1).Int32(-1).Int32(1).String(topic).Int32(1).Int32(partition).Int64(-1).ToFrame();

    /// <summary>ListOffsets v2 of the last stable offset of one partition.</summary>
    public static byte[] LastStableOffset(string topic, int partition) =>
        new FrameWriter(2, 2).Int32(-1).Int8(1).Int32(1).String(topic).Int32(1).Int32(partition).Int64(-1).ToFrame();

    /// <summary>Fetch v11 of one partition, without a session; waits for nothing.</summary>
    public static byte[] Fetch(string topic, int partition, long offset, int maxBytes) =>
        new FrameWriter(1, 11).Int32(-1).Int32(500).Int32(1).Int32(maxBytes).Int8(0).Int32(0).Int32(-1)
            .Int32(1).String(topic).Int32(1).Int32(partition).Int32(-1).Int64(offset).Int64(-1).Int32(maxBytes)
            .Int32(0).String("").ToFrame();
}
