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
