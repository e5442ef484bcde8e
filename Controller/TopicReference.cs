namespace KBroker.Controller;

/// <summary>A topic to delete, by name or, if the name is null, by id.</summary>
public readonly record struct TopicReference(string? Name, Guid Id);
