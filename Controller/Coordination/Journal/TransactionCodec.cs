using KBroker.Controller.Coordination.Tree;

namespace KBroker.Controller.Coordination.Journal;

/// <summary>
/// Transactions in the journal. The numbers are on disk and never change. One frame holds all transactions of one fsync:
/// count, then each with its id, kind, session and operations.
/// </summary>
internal static class TransactionCodec
{
    public const uint Magic = 0x4B424A31; // "KBJ1"
    private const int SmallestTransaction = 8 + 1 + 8 + 4;
    private const int SmallestOperation = 1 + 4;

    private enum OperationCode : byte
    {
        Create = 1,
        SetData = 2,
        Delete = 3,
        Check = 4,
    }

    public static byte[] Encode(IReadOnlyList<(long Id, TreeTransaction Transaction)> batch)
    {
        var writer = new PayloadWriter();
        writer.Int32(batch.Count);
        foreach ((long id, TreeTransaction transaction) in batch)
        {
            writer.Int64(id);
            writer.Byte((byte)transaction.Kind);
            writer.Int64(transaction.SessionId);
            writer.Int32(transaction.Operations.Count);
            foreach (CoordinationOperation operation in transaction.Operations) Write(writer, operation);
        }

        return Frame.Wrap(Magic, writer.Written);
    }

    public static List<(long Id, TreeTransaction Transaction)> Decode(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        int count = reader.Count(SmallestTransaction);
        var batch = new List<(long, TreeTransaction)>(count);
        for (int i = 0; i < count; i++)
        {
            long id = reader.Int64();
            var kind = (TreeTransactionKind)reader.Byte();
            if (!Enum.IsDefined(kind)) throw new FormatException("unknown kind of transaction");
            long session = reader.Int64();
            var operations = new CoordinationOperation[reader.Count(SmallestOperation)];
            for (int o = 0; o < operations.Length; o++) operations[o] = Read(ref reader);
            batch.Add((id, new TreeTransaction(kind, session, operations)));
        }

        return reader.AtEnd ? batch : throw new FormatException("bytes after the last transaction");
    }

    private static void Write(PayloadWriter writer, CoordinationOperation operation)
    {
        switch (operation)
        {
            case CoordinationOperation.Create create:
                writer.Byte((byte)OperationCode.Create);
                writer.Text(create.Path);
                writer.Byte((byte)create.Mode);
                writer.Bytes(create.Data.Span);
                break;
            case CoordinationOperation.SetData set:
                writer.Byte((byte)OperationCode.SetData);
                writer.Text(set.Path);
                writer.Int32(set.ExpectedVersion);
                writer.Bytes(set.Data.Span);
                break;
            case CoordinationOperation.Delete delete:
                writer.Byte((byte)OperationCode.Delete);
                writer.Text(delete.Path);
                writer.Int32(delete.ExpectedVersion);
                break;
            case CoordinationOperation.Check check:
                writer.Byte((byte)OperationCode.Check);
                writer.Text(check.Path);
                writer.Int32(check.ExpectedVersion);
                break;
            default:
                throw new InvalidOperationException($"Unknown operation {operation.GetType().Name}.");
        }
    }

    private static CoordinationOperation Read(ref PayloadReader reader)
    {
        var code = (OperationCode)reader.Byte();
        string path = reader.Text();
        switch (code)
        {
            case OperationCode.Create:
                var mode = (CreateMode)reader.Byte();
                return new CoordinationOperation.Create(path, reader.Bytes(), mode);
            case OperationCode.SetData:
                int version = reader.Int32();
                return new CoordinationOperation.SetData(path, reader.Bytes(), version);
            case OperationCode.Delete: return new CoordinationOperation.Delete(path, reader.Int32());
            case OperationCode.Check: return new CoordinationOperation.Check(path, reader.Int32());
            default: throw new FormatException("unknown operation");
        }
    }
}
