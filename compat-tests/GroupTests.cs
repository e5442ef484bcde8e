using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Groups of kcat.</summary>
public sealed class KcatGroupTests(SharedBroker shared) : GroupContract(shared, new Kcat());

/// <summary>Groups of python3-kafka.</summary>
public sealed class PythonKafkaGroupTests(SharedBroker shared) : GroupContract(shared, new PythonKafka());

/// <summary>Groups of python3-confluent-kafka.</summary>
public sealed class PythonConfluentGroupTests(SharedBroker shared) : GroupContract(shared, new PythonConfluent());

/// <summary>Groups of Confluent.Kafka.</summary>
public sealed class DotnetGroupTests(SharedBroker shared) : GroupContract(shared, new Dotnet());

/// <summary>Groups of kafkajs.</summary>
public sealed class KafkaJsGroupTests(SharedBroker shared) : GroupContract(shared, new KafkaJs());

/// <summary>Groups of @platformatic/kafka, by the classic protocol.</summary>
public sealed class PlatformaticGroupTests(SharedBroker shared) : GroupContract(shared, new Platformatic());

/// <summary>Groups of @platformatic/kafka, by the consumer protocol (KIP-848): the broker assigns the partitions.</summary>
public sealed class PlatformaticConsumerGroupTests(SharedBroker shared) : GroupContract(shared, new Platformatic("consumer"));
