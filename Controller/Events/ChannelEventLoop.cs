using System.Threading.Channels;

namespace KBroker.Controller.Events;

/// <summary>The loop of a running broker: one reader on the thread pool.</summary>
public sealed class ChannelEventLoop : IEventLoop
{
    private readonly Channel<Func<Task>> _work = Channel.CreateUnbounded<Func<Task>>(new() { SingleReader = true });
    private readonly Action<Exception> _onFault;
    private readonly Task _reader;

    /// <summary>Starts the loop.</summary>
    /// <param name="onFault">Hears of work that threw, which is a bug; the loop goes on.</param>
    public ChannelEventLoop(Action<Exception> onFault)
    {
        _onFault = onFault;
        _reader = Task.Run(ReadAsync);
    }

    /// <inheritdoc/>
    public bool Post(Func<Task> work) => _work.Writer.TryWrite(work);

    /// <summary>Runs what is queued, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _reader;
    }

    private async Task ReadAsync()
    {
        await foreach (Func<Task> work in _work.Reader.ReadAllAsync())
        {
            try
            {
                await work();
            }
            catch (Exception e)
            {
                _onFault(e);
            }
        }
    }
}
