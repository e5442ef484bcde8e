using System.Text;

namespace KBroker.Protocol.Generator;

/// <summary>Collects lines of C# and indents them by their braces.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public void Line(string line)
    {
        if (line.StartsWith("}", StringComparison.Ordinal)) _depth--;
        if (line.Length > 0) _text.Append(' ', _depth * 4).Append(line);
        _text.Append('\n');
        if (line == "{") _depth++;
    }

    public void Open(string header)
    {
        Line(header);
        Line("{");
    }

    public void Close(string suffix = "") => Line("}" + suffix);

    /// <summary>A statement behind a condition; the condition <c>true</c> is left out, under <c>false</c> nothing is written.</summary>
    public void If(string condition, string statement)
    {
        if (condition == "false") return;
        Line(condition == "true" ? statement : $"if ({condition}) {statement}");
    }

    public override string ToString() => _text.ToString();
}
