using KBroker.Broker.Configuration;
using KBroker.Controller;
using KBroker.Controller.Metadata;
using KBroker.Protocol;
using KBroker.Protocol.Identity;

namespace KBroker.Broker.Hosting;

/// <summary>The broker's configuration in force: what it was started with, under the runtime settings of the newest image.</summary>
internal sealed class BrokerConfigSource : ITopicConfigValidator
{
    private readonly BrokerConfig _started;
    private volatile BrokerConfig _current;

    public BrokerConfigSource(BrokerConfig started) => _current = _started = started;

    /// <summary>The configuration now.</summary>
    public BrokerConfig Current => _current;

    /// <summary>Takes over the runtime settings of an image, where they changed.</summary>
    public void Apply(MetadataUpdate update, BrokerId self)
    {
        if (!update.Delta.IsFull && update.Delta.BrokerConfigs.IsEmpty) return;
        _current = _started.WithDynamic(
            update.Image.BrokerConfig(self.ToString()), update.Image.BrokerConfig(ConfigResource.DefaultBroker));
    }

    /// <inheritdoc/>
    public (ErrorCode Error, string? Message) Validate(string topic, IReadOnlyDictionary<string, string> config)
    {
        var given = config.ToDictionary(entry => entry.Key, entry => (string?)entry.Value);
        return Current.TopicDefaults.Validate(given) is { } problem ? (ErrorCode.InvalidConfig, problem) : (ErrorCode.None, null);
    }
}
