namespace KBroker.Controller.Metadata;

/// <summary>
/// The newest image a broker knows, and those who act on each new one. Subscribers run one after another, in the order of
/// subscription, on the publishing thread; a request to the controller is answered after they have returned. They must not
/// subscribe or publish themselves.
/// </summary>
public sealed class MetadataFeed : IMetadataPublisher
{
    private readonly Lock _gate = new();
    private readonly List<Action<MetadataUpdate>> _subscribers = [];
    private volatile ClusterMetadataImage _current = ClusterMetadataImage.Empty;

    /// <summary>The newest image.</summary>
    public ClusterMetadataImage Current => _current;

    /// <inheritdoc/>
    public bool Publish(MetadataUpdate update)
    {
        lock (_gate)
        {
            if (update.Image.Version <= _current.Version) return false;
            _current = update.Image;
            foreach (Action<MetadataUpdate> subscriber in _subscribers.ToArray()) subscriber(update);
            return true;
        }
    }

    /// <summary>Calls the subscriber at once with the current image (as a full one), then with every newer one.</summary>
    /// <returns>Dispose to stop.</returns>
    public IDisposable Subscribe(Action<MetadataUpdate> subscriber)
    {
        lock (_gate)
        {
            _subscribers.Add(subscriber);
            subscriber(new MetadataUpdate(_current, new ClusterMetadataDelta { IsFull = true }));
            return new Subscription(this, subscriber);
        }
    }

    private sealed class Subscription(MetadataFeed feed, Action<MetadataUpdate> subscriber) : IDisposable
    {
        public void Dispose()
        {
            lock (feed._gate) feed._subscribers.Remove(subscriber);
        }
    }
}
