using KBroker.Broker.Connections;
using static KBroker.Broker.Configuration.BrokerConfigNames;

namespace KBroker.Broker.Configuration;

/// <summary>Builds the listeners from their settings, with the checks of Kafka that concern several of them.</summary>
internal sealed class ListenerChecks(ConfigLayers layers, BrokerConfigInput input, List<ConfigProblem> errors, List<ConfigProblem> warnings)
{
    private readonly ConfigReader _values = new(layers);

    public ListenerConfig? Build()
    {
        if (ProtocolMap() is not { } protocols) return null;
        if (Bound(protocols, out List<ListenerEndpoint> notOpened) is not { } bound) return null;
        if (Advertised(protocols, bound) is not { } advertised) return null;
        string interBroker = InterBrokerName(protocols);
        if (advertised.All(endpoint => endpoint.Name != interBroker))
        {
            Fail(
                InterBrokerListenerName,
                $"inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on currently configured listeners are {string.Join(",", advertised.Select(endpoint => endpoint.Name))}");
        }
        return new(bound, advertised, interBroker, notOpened);
    }

    private Dictionary<string, SecurityProtocol>? ProtocolMap()
    {
        if (ListenerParser.ParseProtocolMap(_values.Text(ListenerSecurityProtocolMap)!, out Dictionary<string, SecurityProtocol> map) is { } problem)
        {
            Fail(ListenerSecurityProtocolMap, $"listener.security.protocol.map: {problem}");
            return null;
        }
        if (!layers.IsSet(ListenerSecurityProtocolMap))
        {
            foreach (string name in ControllerNames()) map.TryAdd(name, SecurityProtocol.Plaintext);
        }
        return map;
    }

    private List<ListenerEndpoint>? Bound(Dictionary<string, SecurityProtocol> protocols, out List<ListenerEndpoint> notOpened)
    {
        notOpened = [];
        bool kafkaDefault = input.File is not null && !layers.IsSet(BrokerConfigNames.Listeners);
        string text = kafkaDefault ? BrokerConfigs.DefaultListenersWithFile : _values.Text(BrokerConfigNames.Listeners)!;
        if (ListenerParser.ParseEndpoints(text, protocols, distinctPorts: true, out List<ListenerEndpoint> endpoints) is { } problem)
        {
            Fail(BrokerConfigNames.Listeners, $"listeners: {problem}");
            return null;
        }
        string[] controllers = [.. ControllerNames()];
        notOpened = endpoints.FindAll(endpoint => controllers.Contains(endpoint.Name));
        foreach (ListenerEndpoint endpoint in notOpened)
            Warn(ControllerListenerNames, $"the listener {endpoint} is named in controller.listener.names and is not opened: this broker is its own controller");
        endpoints.RemoveAll(endpoint => controllers.Contains(endpoint.Name));
        if (endpoints.Count == 0)
        {
            Fail(BrokerConfigNames.Listeners, "listeners: every listener is named in controller.listener.names; one for clients is needed");
            return null;
        }
        foreach (ListenerEndpoint endpoint in endpoints)
        {
            if (endpoint.Protocol != SecurityProtocol.Plaintext)
                Fail(BrokerConfigNames.Listeners, $"listeners: {endpoint} needs the security protocol {ListenerParser.Name(endpoint.Protocol)}, which this version does not offer; allowed is PLAINTEXT");
        }
        return endpoints;
    }

    private List<ListenerEndpoint>? Advertised(Dictionary<string, SecurityProtocol> protocols, List<ListenerEndpoint> bound)
    {
        bool given = layers.IsSet(AdvertisedListeners);
        List<ListenerEndpoint> advertised;
        if (given)
        {
            if (ListenerParser.ParseEndpoints(_values.Text(AdvertisedListeners)!, protocols, distinctPorts: false, out advertised) is { } problem)
            {
                Fail(AdvertisedListeners, $"advertised.listeners: {problem}");
                return null;
            }
            string[] controllers = [.. ControllerNames()];
            advertised.RemoveAll(endpoint => controllers.Contains(endpoint.Name));
        }
        else
        {
            advertised = bound.ConvertAll(endpoint => endpoint.Host.Length == 0 ? endpoint with { Host = input.HostName } : endpoint);
        }

        foreach (ListenerEndpoint endpoint in advertised) CheckAdvertised(endpoint, bound, given);
        return advertised;
    }

    private void CheckAdvertised(ListenerEndpoint endpoint, List<ListenerEndpoint> bound, bool given)
    {
        string setting = given ? AdvertisedListeners : BrokerConfigNames.Listeners;
        if (endpoint.Host is "0.0.0.0" or "::" or "")
            Fail(setting, $"advertised.listeners cannot use the nonroutable meta-address {(endpoint.Host.Length == 0 ? "of an empty host" : endpoint.Host)}; set advertised.listeners to an address that clients can reach");
        ListenerEndpoint? own = bound.Find(other => other.Name == endpoint.Name);
        if (own is null)
        {
            Fail(setting, $"advertised.listeners names the listener {endpoint.Name}, which is not in listeners ({string.Join(",", bound.Select(other => other.Name))})");
        }
        else if (endpoint.Port == 0 && own.Port != 0)
        {
            Fail(setting, $"advertised.listeners: {endpoint} has port 0, which only a listener that is itself on port 0 can have");
        }
    }

    private string InterBrokerName(Dictionary<string, SecurityProtocol> protocols)
    {
        if (_values.Text(InterBrokerListenerName) is not { } name) return _values.Text(SecurityInterBrokerProtocol)!;
        if (layers.IsSet(SecurityInterBrokerProtocol))
            Fail(InterBrokerListenerName, "Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.");
        name = name.ToUpperInvariant();
        if (!protocols.ContainsKey(name))
            Fail(InterBrokerListenerName, $"the listener {name} of inter.broker.listener.name has no entry in listener.security.protocol.map");
        return name;
    }

    private IEnumerable<string> ControllerNames() =>
        (_values.List(ControllerListenerNames) ?? []).Where(name => name.Length > 0).Select(name => name.ToUpperInvariant());

    private void Fail(string name, string message) => errors.Add(new(layers.OriginOf(name), message));

    private void Warn(string name, string message) => warnings.Add(new(layers.OriginOf(name), message));
}
