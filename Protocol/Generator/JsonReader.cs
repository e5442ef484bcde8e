using System.Globalization;
using System.Text;

namespace KBroker.Protocol.Generator;

/// <summary>
/// Reads a schema file: JSON into dictionaries, lists, strings, <see cref="double"/>, <see cref="bool"/> and null.
/// Written here because a generator that ships its own JSON assembly has to be loaded beside the compiler's copy.
/// </summary>
internal sealed class JsonReader
{
    private readonly string _text;
    private int _position;

    private JsonReader(string text) => _text = text;

    public static object? Parse(string text)
    {
        var reader = new JsonReader(text);
        object? value = reader.ReadValue();
        reader.SkipSpace();
        return reader._position == text.Length ? value : throw reader.Error("text after the value");
    }

    private object? ReadValue()
    {
        SkipSpace();
        switch (Peek())
        {
            case '{': return ReadObject();
            case '[': return ReadArray();
            case '"': return ReadString();
            case 't': return ReadWord("true", true);
            case 'f': return ReadWord("false", false);
            case 'n': return ReadWord("null", null);
            default: return ReadNumber();
        }
    }

    private Dictionary<string, object?> ReadObject()
    {
        var members = new Dictionary<string, object?>(StringComparer.Ordinal);
        _position++;
        while (!TryEnd('}', members.Count > 0))
        {
            SkipSpace();
            string name = ReadString();
            SkipSpace();
            if (Peek() != ':') throw Error("':' expected");
            _position++;
            members.Add(name, ReadValue());
        }

        return members;
    }

    private List<object?> ReadArray()
    {
        var items = new List<object?>();
        _position++;
        while (!TryEnd(']', items.Count > 0)) items.Add(ReadValue());
        return items;
    }

    private bool TryEnd(char end, bool needsComma)
    {
        SkipSpace();
        if (Peek() == end)
        {
            _position++;
            return true;
        }

        if (needsComma)
        {
            if (Peek() != ',') throw Error("',' expected");
            _position++;
        }

        return false;
    }

    private string ReadString()
    {
        if (Peek() != '"') throw Error("string expected");
        _position++;
        var text = new StringBuilder();
        for (char c = Next(); c != '"'; c = Next()) text.Append(c == '\\' ? ReadEscape() : c);
        return text.ToString();
    }

    private char ReadEscape()
    {
        char c = Next();
        switch (c)
        {
            case 'b': return '\b';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'u':
                if (_position + 4 > _text.Length) throw Error("cut-off escape");
                string digits = _text.Substring(_position, 4);
                _position += 4;
                return (char)int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            default: return c;
        }
    }

    private double ReadNumber()
    {
        int start = _position;
        while (_position < _text.Length && "+-.eE0123456789".IndexOf(_text[_position]) >= 0) _position++;
        string digits = _text.Substring(start, _position - start);
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw Error("value expected");
    }

    private object? ReadWord(string word, object? value)
    {
        if (string.CompareOrdinal(_text, _position, word, 0, word.Length) != 0) throw Error("value expected");
        _position += word.Length;
        return value;
    }

    private void SkipSpace()
    {
        while (_position < _text.Length && char.IsWhiteSpace(_text[_position])) _position++;
    }

    private char Peek() => _position < _text.Length ? _text[_position] : throw Error("unexpected end");

    private char Next() => _position < _text.Length ? _text[_position++] : throw Error("unexpected end");

    private FormatException Error(string message) => new($"{message} at character {_position}");
}
