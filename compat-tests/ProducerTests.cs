using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Writing with kcat.</summary>
public sealed class KcatProducerTests(SharedBroker shared) : ProducerContract(shared, new Kcat());

/// <summary>Writing with python3-kafka.</summary>
public sealed class PythonKafkaProducerTests(SharedBroker shared) : RichProducerContract(shared, new PythonKafka());

/// <summary>Writing with python3-confluent-kafka.</summary>
public sealed class PythonConfluentProducerTests(SharedBroker shared) : RichProducerContract(shared, new PythonConfluent());

/// <summary>Writing with Confluent.Kafka.</summary>
public sealed class DotnetProducerTests(SharedBroker shared) : RichProducerContract(shared, new Dotnet());

/// <summary>Writing with kafkajs.</summary>
public sealed class KafkaJsProducerTests(SharedBroker shared) : ProducerContract(shared, new KafkaJs());

/// <summary>Writing with @platformatic/kafka.</summary>
public sealed class PlatformaticProducerTests(SharedBroker shared) : ProducerContract(shared, new Platformatic());
