using System.Globalization;
using System.Text;

namespace KBroker.Broker.Configuration;

/// <summary>
/// The syntax of Java's properties files: <c>#</c> and <c>!</c> comments, keys that end at <c>=</c>, <c>:</c> or white space,
/// lines continued by a backslash, <c>\t \n \r \f \uXXXX</c> escapes, any line ending, an optional byte order mark.
/// </summary>
public sealed class PropertiesParser
{
    private readonly string _path;
    private readonly string _text;
    private readonly List<PropertiesEntry> _entries = [];
    private readonly Dictionary<string, int> _indexByKey = new(StringComparer.Ordinal);
    private readonly List<ConfigProblem> _errors = [];
    private readonly List<ConfigProblem> _warnings = [];
    private int _position;
    private int _line = 1;

    private PropertiesParser(string path, string text)
    {
        _path = path;
        _text = text;
    }

    /// <summary>Parses the text of a properties file.</summary>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="text">The text.</param>
    /// <returns>Entries, errors and warnings.</returns>
    public static PropertiesContent Parse(string path, string text)
    {
        var parser = new PropertiesParser(path, text);
        parser.Run();
        return new(parser._entries, parser._errors, parser._warnings);
    }

    private void Run()
    {
        if (_text.StartsWith('\uFEFF')) _position = 1;
        while (_position < _text.Length)
        {
            int line = _line;
            string? logical = ReadLogicalLine();
            if (logical is null) continue;
            AddEntry(logical, line);
        }
    }

    /// <summary>Joins continued lines; null for a blank line or a comment, which a backslash does not continue.</summary>
    private string? ReadLogicalLine()
    {
        ReadOnlySpan<char> line = ReadNaturalLine().TrimStart(" \t\f");
        if (line.Length == 0 || line[0] is '#' or '!') return null;
        if (!IsContinued(line)) return line.ToString();
        var joined = new StringBuilder();
        while (IsContinued(line))
        {
            joined.Append(line[..^1]);
            if (_position >= _text.Length) return joined.ToString();
            line = ReadNaturalLine().TrimStart(" \t\f");
        }
        return joined.Append(line).ToString();
    }

    private ReadOnlySpan<char> ReadNaturalLine()
    {
        ReadOnlySpan<char> rest = _text.AsSpan(_position);
        int end = rest.IndexOfAny('\r', '\n');
        _line++;
        if (end < 0)
        {
            _position = _text.Length;
            return rest;
        }
        bool pair = rest[end] == '\r' && end + 1 < rest.Length && rest[end + 1] == '\n';
        _position += end + (pair ? 2 : 1);
        return rest[..end];
    }

    private static bool IsContinued(ReadOnlySpan<char> line)
    {
        int backslashes = line.Length - line.TrimEnd('\\').Length;
        return backslashes % 2 == 1;
    }

    private void AddEntry(string logical, int line)
    {
        int keyEnd = 0;
        while (keyEnd < logical.Length && logical[keyEnd] is not ('=' or ':' or ' ' or '\t' or '\f'))
            keyEnd += logical[keyEnd] == '\\' ? 2 : 1;
        keyEnd = Math.Min(keyEnd, logical.Length);

        int valueStart = SkipBlanks(logical, keyEnd);
        if (valueStart < logical.Length && logical[valueStart] is '=' or ':') valueStart = SkipBlanks(logical, valueStart + 1);

        if (!TryUnescape(logical.AsSpan(0, keyEnd), line, out string key) || !TryUnescape(logical.AsSpan(valueStart), line, out string value)) return;
        if (key.Length == 0)
        {
            _errors.Add(At(line, "there is no name before the value; expected name=value"));
            return;
        }
        var entry = new PropertiesEntry(key, value, line);
        if (_indexByKey.TryGetValue(key, out int earlier))
        {
            _warnings.Add(At(line, $"{key} is set again; the value of line {_entries[earlier].Line} is not used"));
            _entries[earlier] = entry;
            return;
        }
        _indexByKey.Add(key, _entries.Count);
        _entries.Add(entry);
    }

    private static int SkipBlanks(string text, int position)
    {
        while (position < text.Length && text[position] is ' ' or '\t' or '\f') position++;
        return position;
    }

    private bool TryUnescape(ReadOnlySpan<char> text, int line, out string result)
    {
        result = "";
        if (!text.Contains('\\'))
        {
            result = text.ToString();
            return true;
        }
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }
            if (++i == text.Length) break;
            if (text[i] != 'u')
            {
                plain.Append(text[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var other => other });
                continue;
            }
            if (i + 4 >= text.Length || !ushort.TryParse(text.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
            {
                _errors.Add(At(line, "\\u must be followed by four hexadecimal digits; write \\\\ for a backslash"));
                return false;
            }
            plain.Append((char)code);
            i += 4;
        }
        result = plain.ToString();
        return true;
    }

    private ConfigProblem At(int line, string message) => new($"{_path}:{line}", message);
}
