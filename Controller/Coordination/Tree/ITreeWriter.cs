namespace KBroker.Controller.Coordination.Tree;

/// <summary>Applies transactions to a tree, one after another, durable before the result is given.</summary>
internal interface ITreeWriter
{
    TreeView View { get; }

    ValueTask<MultiResult> SubmitAsync(TreeTransaction transaction);
}
