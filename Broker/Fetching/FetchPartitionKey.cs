namespace KBroker.Broker.Fetching;

/// <summary>
/// A partition as a Fetch request names it: by topic id from version 13 on (the name is then null), by name before (the id is
/// then empty). Two keys of one session always use the same form.
/// </summary>
public readonly record struct FetchPartitionKey(Guid TopicId, string? Topic, int Index);
