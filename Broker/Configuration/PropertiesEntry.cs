namespace KBroker.Broker.Configuration;

/// <summary>One key and value of a properties file.</summary>
/// <param name="Key">The key, escapes resolved.</param>
/// <param name="Value">The value, escapes resolved; trailing white space is kept.</param>
/// <param name="Line">The line its key stands on, from 1.</param>
public readonly record struct PropertiesEntry(string Key, string Value, int Line);
