namespace KBroker.Controller.Coordination;

/// <summary>Single writes, as multis of one step.</summary>
public static class CoordinationSessionExtensions
{
    /// <summary>Creates a node; the value is its path, with the sequence number if there is one, and its bookkeeping.</summary>
    public static ValueTask<OperationResult> CreateAsync(
        this ICoordinationSession session, string path, ReadOnlyMemory<byte> data, CreateMode mode = CreateMode.Persistent,
        CancellationToken cancellationToken = default)
        => SingleAsync(session, new CoordinationOperation.Create(path, data, mode), cancellationToken);

    /// <summary>Replaces a node's data if its version is the expected one.</summary>
    public static ValueTask<OperationResult> SetDataAsync(
        this ICoordinationSession session, string path, ReadOnlyMemory<byte> data,
        int expectedVersion = CoordinationOperation.AnyVersion, CancellationToken cancellationToken = default)
        => SingleAsync(session, new CoordinationOperation.SetData(path, data, expectedVersion), cancellationToken);

    /// <summary>Deletes a node without children if its version is the expected one.</summary>
    public static ValueTask<OperationResult> DeleteAsync(
        this ICoordinationSession session, string path, int expectedVersion = CoordinationOperation.AnyVersion,
        CancellationToken cancellationToken = default)
        => SingleAsync(session, new CoordinationOperation.Delete(path, expectedVersion), cancellationToken);

    /// <summary>Creates the missing persistent nodes of a path, without data; those that exist are left alone.</summary>
    public static async ValueTask<CoordinationStatus> EnsurePathAsync(
        this ICoordinationSession session, string path, CancellationToken cancellationToken = default)
    {
        for (int slash = path.IndexOf('/', 1); ; slash = path.IndexOf('/', slash + 1))
        {
            string prefix = slash < 0 ? path : path[..slash];
            OperationResult result = await session.CreateAsync(prefix, default, CreateMode.Persistent, cancellationToken);
            if (result.Status is not (CoordinationStatus.Ok or CoordinationStatus.NodeExists)) return result.Status;
            if (slash < 0) return CoordinationStatus.Ok;
        }
    }

    private static async ValueTask<OperationResult> SingleAsync(
        ICoordinationSession session, CoordinationOperation operation, CancellationToken cancellationToken)
    {
        MultiResult result = await session.MultiAsync([operation], cancellationToken);
        return result.Results.Count == 1 ? result.Results[0] : new OperationResult(result.Status, operation.Path, default);
    }
}
