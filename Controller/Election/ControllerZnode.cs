using System.Globalization;
using System.Text;
using KBroker.Protocol.Identity;

namespace KBroker.Controller.Election;

/// <summary><c>/controller</c>, version 2, and <c>/controller_epoch</c>, which is plain text.</summary>
internal static class ControllerZnode
{
    public static byte[] Encode(BrokerId id, DateTimeOffset now) => ZnodeJson.Write(json =>
    {
        json.WriteNumber("version", 2);
        json.WriteNumber("brokerid", id.Value);
        json.WriteString("timestamp", now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("kraftControllerEpoch", -1);
    });

    public static BrokerId Decode(ReadOnlyMemory<byte> data)
        => ZnodeJson.Read(Znodes.Controller, data, root => new BrokerId(root.GetProperty("brokerid").GetInt32()));

    public static byte[] EncodeEpoch(ControllerEpoch epoch) => Encoding.ASCII.GetBytes(epoch.ToString());

    public static ControllerEpoch DecodeEpoch(ReadOnlyMemory<byte> data)
        => int.TryParse(data.Span, NumberStyles.None, CultureInfo.InvariantCulture, out int epoch)
            ? new ControllerEpoch(epoch)
            : throw new InvalidDataException($"{Znodes.ControllerEpoch} in the coordination store is not a number.");
}
