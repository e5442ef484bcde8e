namespace KBroker.Protocol.Wire;

/// <content>Tagged fields (KIP-482): a count, then for each field its tag, its size and its bytes, by ascending tag.</content>
public ref partial struct KafkaReader
{
    /// <summary>Reads a whole section of which no field is known. Returns the fields, or null when there are none.</summary>
    public List<RawTaggedField>? ReadTaggedFields()
    {
        if (TrySkipEmptyTags()) return null;
        TagSection section = ReadTagSection();
        while (NextTag(ref section)) KeepTag(ref section);
        return section.Unknown;
    }

    /// <summary>Passes over a section that has no field, which is what most are; false, and nothing read, where there are some.</summary>
    public bool TrySkipEmptyTags()
    {
        if (_position >= _span.Length || _span[_position] != 0) return false;
        _position++;
        return true;
    }

    /// <summary>Begins a section.</summary>
    public TagSection ReadTagSection()
    {
        uint count = ReadUnsignedVarInt();
        // The smallest tagged field is a tag and a size of 0.
        if (count > (uint)Remaining / 2) throw new MalformedMessageException("tagged field count exceeds the message");
        return new TagSection { Left = (int)count, Tag = -1, End = -1 };
    }

    /// <summary>
    /// Goes to the next field of a section; false at its end. The field before must have been read to exactly its size.
    /// </summary>
    public bool NextTag(ref TagSection section)
    {
        if (section.End >= 0 && section.End != _position) throw new MalformedMessageException("tagged field of a wrong size");
        if (section.Left == 0) return false;
        section.Left--;
        uint tag = ReadUnsignedVarInt();
        if (tag > int.MaxValue || (int)tag <= section.Tag) throw new MalformedMessageException("tagged fields out of order");
        uint size = ReadUnsignedVarInt();
        if (size > (uint)Remaining) throw new MalformedMessageException("tagged field exceeds the message");
        section.Tag = (int)tag;
        section.End = _position + (int)size;
        return true;
    }

    /// <summary>Keeps the current field of a section as it is.</summary>
    public void KeepTag(ref TagSection section)
    {
        byte[] data = section.End == _position ? [] : ReadSpan(section.End - _position).ToArray();
        (section.Unknown ??= []).Add(new RawTaggedField(section.Tag, data));
    }

    /// <summary>Skips the current field of a section.</summary>
    public void SkipTag(ref TagSection section) => _position = section.End;

    /// <summary>Skips a whole section.</summary>
    public void SkipTaggedFields()
    {
        if (TrySkipEmptyTags()) return;
        TagSection section = ReadTagSection();
        while (NextTag(ref section)) SkipTag(ref section);
    }

    /// <summary>Reads the mark before a nullable structure in a tagged field, a varint there; false for null.</summary>
    public bool ReadTagPresence() => ReadUnsignedVarInt() != 0;
}
