using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Reading with kcat.</summary>
public sealed class KcatConsumerTests(SharedBroker shared) : ConsumerContract(shared, new Kcat());

/// <summary>Reading with python3-kafka.</summary>
public sealed class PythonKafkaConsumerTests(SharedBroker shared) : ConsumerContract(shared, new PythonKafka());

/// <summary>Reading with python3-confluent-kafka.</summary>
public sealed class PythonConfluentConsumerTests(SharedBroker shared) : ConsumerContract(shared, new PythonConfluent());

/// <summary>Reading with Confluent.Kafka.</summary>
public sealed class DotnetConsumerTests(SharedBroker shared) : ConsumerContract(shared, new Dotnet());

/// <summary>Reading with kbroker consume.</summary>
public sealed class KBrokerConsumerTests(SharedBroker shared) : ConsumerContract(shared, new KBrokerCommand());
