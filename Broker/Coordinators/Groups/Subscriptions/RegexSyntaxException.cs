namespace KBroker.Broker.Coordinators.Groups.Subscriptions;

/// <summary>An expression is not one, or needs too much. Never leaves <see cref="TopicRegex"/>.</summary>
internal sealed class RegexSyntaxException(string message) : Exception(message);
