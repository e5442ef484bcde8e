namespace KBroker.Broker.Metadata;

/// <summary>
/// The bit fields of KIP-430: bit n stands for the ACL operation of code n. Without an authorizer everybody may do everything
/// that makes sense for a resource.
/// </summary>
public static class AuthorizedOperations
{
    /// <summary>The client did not ask.</summary>
    public const int NotRequested = int.MinValue;

    private const int Read = 1 << 3;
    private const int Write = 1 << 4;
    private const int Create = 1 << 5;
    private const int Delete = 1 << 6;
    private const int Alter = 1 << 7;
    private const int Describe = 1 << 8;
    private const int ClusterAction = 1 << 9;
    private const int DescribeConfigs = 1 << 10;
    private const int AlterConfigs = 1 << 11;
    private const int IdempotentWrite = 1 << 12;

    /// <summary>All operations on a cluster.</summary>
    public const int AllOnCluster = Create | Alter | Describe | ClusterAction | DescribeConfigs | AlterConfigs | IdempotentWrite;

    /// <summary>All operations on a topic.</summary>
    public const int AllOnTopic = Read | Write | Create | Delete | Alter | Describe | DescribeConfigs | AlterConfigs;

    /// <summary>All operations on a group.</summary>
    public const int AllOnGroup = Read | Delete | Describe;
}
