using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Administration with python3-kafka.</summary>
public sealed class PythonKafkaAdminTests(SharedBroker shared) : AdminContract(shared, ClientScript.Python("python_kafka.py"));

/// <summary>Administration with python3-confluent-kafka.</summary>
public sealed class PythonConfluentAdminTests(SharedBroker shared) : AdminContract(shared, ClientScript.Python("python_confluent.py"));

/// <summary>Administration with kafkajs.</summary>
public sealed class KafkaJsAdminTests(SharedBroker shared) : AdminContract(shared, ClientScript.Node("kafkajs.cjs"));
