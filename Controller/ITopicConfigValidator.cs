using KBroker.Protocol;

namespace KBroker.Controller;

/// <summary>Judges the configuration of topics to be created; the configuration definitions are the broker's.</summary>
public interface ITopicConfigValidator
{
    /// <summary>None, or an error (INVALID_CONFIG, POLICY_VIOLATION) with a message. Runs on the controller's loop.</summary>
    (ErrorCode Error, string? Message) Validate(string topic, IReadOnlyDictionary<string, string> config);
}
