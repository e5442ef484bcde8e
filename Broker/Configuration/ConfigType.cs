namespace KBroker.Broker.Configuration;

/// <summary>The type of a setting's value. The numbers are those of DescribeConfigs' <c>ConfigType</c> field (KIP-569).</summary>
public enum ConfigType : sbyte
{
    /// <summary>A name this broker does not know; its value is treated as sensitive.</summary>
    Unknown = 0,

    /// <summary><c>true</c> or <c>false</c>, in any case.</summary>
    Boolean = 1,

    /// <summary>Text, surrounding white space removed.</summary>
    String = 2,

    /// <summary>A 32-bit whole number.</summary>
    Int = 3,

    /// <summary>A 16-bit whole number.</summary>
    Short = 4,

    /// <summary>A 64-bit whole number.</summary>
    Long = 5,

    /// <summary>A finite 64-bit floating point number.</summary>
    Double = 6,

    /// <summary>Comma-separated entries; empty text is the empty list.</summary>
    List = 7,

    /// <summary>The name of a class.</summary>
    Class = 8,

    /// <summary>Text that is never logged and never described.</summary>
    Password = 9,
}
