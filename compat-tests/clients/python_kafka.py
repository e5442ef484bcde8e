"""python3-kafka: python_kafka.py COMMAND BOOTSTRAP ARGUMENTS-AS-JSON; records pass as frames on standard input and output."""
import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic
from kafka.errors import KafkaError, for_code

import frames

# What other clients say of a message of magic 0, which has none.
NO_TIMESTAMP = -1


def produce(bootstrap, arguments):
    producer = KafkaProducer(bootstrap_servers=bootstrap, **arguments.get("settings", {}))
    sent = []
    for record in frames.read(sys.stdin.buffer):
        future = producer.send(
            arguments["topic"], value=record.value, key=record.key, headers=record.headers,
            partition=record.partition if record.partition >= 0 else None,
            timestamp_ms=record.timestamp if record.timestamp >= 0 else None)
        sent.append((record, future))
    producer.flush(timeout=60)
    for record, future in sent:
        metadata = future.get(timeout=10)
        record.partition, record.offset, record.timestamp = metadata.partition, metadata.offset, metadata.timestamp
        frames.write(record)
    producer.close()


def consume(bootstrap, arguments):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, **arguments.get("settings", {}))
    topic = arguments["topic"]
    partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    start = arguments.get("start", {})
    if "offset" in start:
        for partition in partitions:
            consumer.seek(partition, start["offset"])
    elif "time" in start:
        found = consumer.offsets_for_times({partition: start["time"] for partition in partitions})
        for partition in partitions:
            if found[partition] is None:
                consumer.seek_to_end(partition)
            else:
                consumer.seek(partition, found[partition].offset)
    else:
        consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for partition, records in consumer.poll(timeout_ms=1000).items():
            for record in records:
                if record.offset < ends[partition]:
                    frames.write(frames.Record(
                        record.partition, record.offset, NO_TIMESTAMP if record.timestamp is None else record.timestamp, record.key,
                        record.value, record.headers))
    consumer.close()


def group(bootstrap, arguments):
    consumer = KafkaConsumer(
        arguments["topic"], bootstrap_servers=bootstrap, group_id=arguments["group"], enable_auto_commit=False, auto_offset_reset="earliest")
    left = arguments["count"]
    while left > 0:
        for records in consumer.poll(timeout_ms=1000, max_records=left).values():
            for record in records:
                frames.write(frames.Record(record.partition, record.offset, record.timestamp, record.key, record.value, record.headers))
                left -= 1
    consumer.commit()
    consumer.close()


def offsets(bootstrap, arguments):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    partition = TopicPartition(arguments["topic"], arguments["partition"])
    consumer.assign([partition])
    times = [consumer.offsets_for_times({partition: time})[partition] for time in arguments["times"]]
    print(json.dumps({
        "beginning": consumer.beginning_offsets([partition])[partition],
        "end": consumer.end_offsets([partition])[partition],
        "times": [None if found is None else found.offset for found in times],
    }))


def admin(bootstrap, arguments):
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    for operation in arguments["operations"]:
        try:
            result = {"result": admin_operation(client, *operation)}
        except KafkaError as error:
            result = {"error": getattr(error, "errno", -1)}
        print(json.dumps(result))
    client.close()


def admin_operation(client, name, *arguments):
    if name == "create":
        topic, partitions, configs = arguments
        client.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)], timeout_ms=30000)
    elif name == "delete":
        client.delete_topics(list(arguments), timeout_ms=30000)
    elif name == "grow":
        topic, partitions = arguments
        client.create_partitions({topic: NewPartitions(partitions)}, timeout_ms=30000)
    elif name == "list":
        return sorted(client.list_topics())
    elif name == "describe":
        return [[topic["topic"], len(topic["partitions"]), topic["error_code"]] for topic in client.describe_topics(list(arguments))]
    elif name == "configs":
        found = {}
        for response in client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, arguments[0])]):
            for error, message, _, _, entries in response.resources:
                if error:
                    raise for_code(error)(message)
                found.update({entry[0]: entry[1] for entry in entries})
        return found
    elif name == "alter":
        topic, configs = arguments
        response = client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)])
        for error, message, _, _ in response.resources:
            if error:
                raise for_code(error)(message)
    elif name == "cluster":
        return client.describe_cluster()["cluster_id"]
    else:
        raise ValueError(name)
    return None


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], json.loads(sys.argv[3]))
