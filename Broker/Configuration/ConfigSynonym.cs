namespace KBroker.Broker.Configuration;

/// <summary>A broker setting that provides the default of a topic setting or of another broker setting.</summary>
/// <param name="Name">The broker setting.</param>
/// <param name="Factor">What its number is multiplied by to get the unit of the setting it stands for, e.g. 3,600,000 from hours to milliseconds.</param>
public readonly record struct ConfigSynonym(string Name, long Factor = 1);
