"""python3-confluent-kafka: python_confluent.py COMMAND BOOTSTRAP ARGUMENTS-AS-JSON; records pass as frames."""
import json
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, OFFSET_BEGINNING, Producer, TIMESTAMP_NOT_AVAILABLE, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

import frames


def produce(bootstrap, arguments):
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": False, "queue.buffering.max.messages": 1000000,
                         **arguments.get("settings", {})})
    acknowledged, failed = [], []

    def sent(record):
        def delivered(error, message):
            if error is not None:
                failed.append(str(error))
                return
            record.partition, record.offset, record.timestamp = message.partition(), message.offset(), message.timestamp()[1]
            acknowledged.append(record)
        return delivered

    for record in frames.read(sys.stdin.buffer):
        options = {}
        if record.partition >= 0:
            options["partition"] = record.partition
        if record.timestamp >= 0:
            options["timestamp"] = record.timestamp
        if record.headers:
            options["headers"] = record.headers
        producer.produce(arguments["topic"], value=record.value, key=record.key, on_delivery=sent(record), **options)
        producer.poll(0)
    producer.flush(60)
    if failed:
        sys.exit("not delivered: " + failed[0])
    for record in acknowledged:
        frames.write(record)


def new_consumer(bootstrap, settings):
    return Consumer({"bootstrap.servers": bootstrap, "group.id": "not-used", "enable.auto.commit": False, **settings})


def consume(bootstrap, arguments):
    consumer = new_consumer(bootstrap, arguments.get("settings", {}))
    topic = arguments["topic"]
    numbers = sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[1] for p in numbers}
    start = arguments.get("start", {})
    if "time" in start:
        found = consumer.offsets_for_times([TopicPartition(topic, p, start["time"]) for p in numbers], timeout=30)
        begins = {partition.partition: partition.offset if partition.offset >= 0 else ends[partition.partition] for partition in found}
    elif "offset" in start:
        begins = {p: start["offset"] for p in numbers}
    else:
        begins = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[0] for p in numbers}
    left = {p for p in numbers if begins[p] < ends[p]}
    consumer.assign([TopicPartition(topic, p, begins[p]) for p in left])
    while left:
        for message in consumer.consume(1000, timeout=1):
            if message.error() is not None:
                raise KafkaException(message.error())
            if message.offset() < ends[message.partition()]:
                kind, timestamp = message.timestamp()
                frames.write(frames.Record(
                    message.partition(), message.offset(), -1 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp,
                    message.key(), message.value(), message.headers() or []))
            if message.offset() >= ends[message.partition()] - 1:
                left.discard(message.partition())
    consumer.close()


def group(bootstrap, arguments):
    consumer = new_consumer(bootstrap, {"group.id": arguments["group"], "auto.offset.reset": "earliest"})
    consumer.subscribe([arguments["topic"]])
    left = arguments["count"]
    while left > 0:
        for message in consumer.consume(left, timeout=1):
            if message.error() is not None:
                raise KafkaException(message.error())
            frames.write(frames.Record(
                message.partition(), message.offset(), message.timestamp()[1], message.key(), message.value(), message.headers() or []))
            left -= 1
    consumer.commit(asynchronous=False)
    consumer.close()


def transact(bootstrap, arguments):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": arguments["id"]})
    producer.init_transactions(30)
    for each in arguments["transactions"]:
        producer.begin_transaction()
        for topic, partition, value in each["records"]:
            producer.produce(topic, partition=partition, value=value)
        if each["end"] == "commit":
            producer.commit_transaction(30)
        else:
            # What is not sent yet would never be.
            producer.flush(30)
            producer.abort_transaction(30)


def isolated(bootstrap, arguments):
    consumer = new_consumer(bootstrap, {"isolation.level": arguments["isolation"], "enable.partition.eof": True})
    partitions = consumer.list_topics(arguments["topic"], timeout=30).topics[arguments["topic"]].partitions
    consumer.assign([TopicPartition(arguments["topic"], partition, OFFSET_BEGINNING) for partition in partitions])
    left = len(partitions)
    while left > 0:
        message = consumer.poll(30)
        if message.error() is None:
            print(json.dumps(message.value().decode()))
        elif message.error().code() == KafkaError._PARTITION_EOF:
            left -= 1
        else:
            raise KafkaException(message.error())


def offsets(bootstrap, arguments):
    consumer = new_consumer(bootstrap, {})
    topic, partition = arguments["topic"], arguments["partition"]
    beginning, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
    times = [consumer.offsets_for_times([TopicPartition(topic, partition, time)], timeout=30)[0].offset for time in arguments["times"]]
    print(json.dumps({"beginning": beginning, "end": end, "times": [offset if offset >= 0 else None for offset in times]}))


def admin(bootstrap, arguments):
    client = AdminClient({"bootstrap.servers": bootstrap})
    for operation in arguments["operations"]:
        try:
            result = {"result": admin_operation(client, *operation)}
        except KafkaException as error:
            result = {"error": error.args[0].code()}
        print(json.dumps(result))


def only(futures):
    (future,) = futures.values()
    return future.result(30)


def admin_operation(client, name, *arguments):
    if name == "create":
        topic, partitions, configs = arguments
        only(client.create_topics([NewTopic(topic, partitions, 1, config=configs)]))
    elif name == "delete":
        only(client.delete_topics(list(arguments)))
    elif name == "grow":
        topic, partitions = arguments
        only(client.create_partitions([NewPartitions(topic, partitions)]))
    elif name == "list":
        return sorted(client.list_topics(timeout=30).topics)
    elif name == "describe":
        topics = client.list_topics(timeout=30).topics
        return [[name, len(topics[name].partitions), 0] if name in topics else [name, 0, 3] for name in arguments]
    elif name == "configs":
        entries = only(client.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, arguments[0])]))
        return {key: entry.value for key, entry in entries.items()}
    elif name == "alter":
        topic, configs = arguments
        only(client.alter_configs([ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=configs)]))
    elif name == "cluster":
        return client.list_topics(timeout=30).cluster_id
    else:
        raise ValueError(name)
    return None


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], json.loads(sys.argv[3]))
