using System.Text;

namespace KBroker.Broker.Connections;

/// <summary>Makes text that came from a client fit for one line of a log.</summary>
internal static class LogText
{
    /// <summary>At most <paramref name="maxLength"/> characters of the text, control characters and line ends escaped.</summary>
    public static string Escape(string? text, int maxLength = 200)
    {
        if (text is null) return "";
        var escaped = new StringBuilder(Math.Min(text.Length, maxLength));
        foreach (char c in text)
        {
            if (escaped.Length >= maxLength)
            {
                escaped.Append('…');
                break;
            }

            if (char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\\') escaped.Append($"\\u{(int)c:x4}");
            else escaped.Append(c);
        }

        return escaped.ToString();
    }
}
