"""A consume-transform-produce job with transactions, for forks.py. It tells of each transaction 'begin' with its id and what it writes,
'committing' before it asks for the commit, then 'committed' or 'aborted'."""
import zlib

import confluent_kafka
from confluent_kafka import KafkaException, TopicPartition

COMMON = {"reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100, "retry.backoff.ms": 20, "log_level": 0}
LIMIT = 30


def until_done(call, *arguments):
    """Repeats what may be repeated until it is done or cannot be."""
    while True:
        try:
            return call(*arguments)
        except KafkaException as error:
            if not error.args[0].retriable():
                raise


def copy(say, stopping, bootstrap, arguments):
    producer = confluent_kafka.Producer({
        "bootstrap.servers": bootstrap, "transactional.id": arguments["id"], "transaction.timeout.ms": arguments["timeout"], "linger.ms": 0,
        **COMMON})
    until_done(producer.init_transactions, LIMIT)
    gathered = []
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": arguments["group"], "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "isolation.level": "read_committed", "session.timeout.ms": arguments["session"], "heartbeat.interval.ms": arguments["heartbeat"],
        "fetch.wait.max.ms": 50, "fetch.error.backoff.ms": 20, **arguments["settings"], **COMMON})
    # What was gathered of partitions that are given up is read again by whoever has them next.
    consumer.subscribe(
        [arguments["input"]],
        on_assign=lambda *_: say("assigned"), on_revoke=lambda *_: gathered.clear(), on_lost=lambda *_: gathered.clear())
    number = 0
    while not stopping():
        gathered.clear()
        while len(gathered) < arguments["batch"]:
            message = consumer.poll(0.05)
            if message is None:
                break
            if message.error() is None:
                gathered.append(message)
        if gathered:
            number += 1
            transaction(say, arguments, producer, consumer, f"{arguments['name']}.{number}", list(gathered))
    consumer.close()


def transaction(say, arguments, producer, consumer, name, messages):
    partition = {message.partition() for message in messages}
    total = len(messages) + 1
    outputs = [(arguments["output"], message.partition(), f"{message.value().decode()}|{name}|{total}") for message in messages]
    # One record in another topic, so that every transaction spans partitions.
    outputs.append((arguments["audit"], zlib.crc32(name.encode()) % arguments["audits"], f"audit|{name}|{total}"))
    offsets = [TopicPartition(arguments["input"], p, max(m.offset() for m in messages if m.partition() == p) + 1) for p in partition]
    say("begin", name + " " + " ".join(f"{topic}/{partition}/{value}" for topic, partition, value in outputs))
    try:
        producer.begin_transaction()
        for topic, number, value in outputs:
            producer.produce(topic, partition=number, value=value)
        until_done(producer.send_offsets_to_transaction, offsets, consumer.consumer_group_metadata(), LIMIT)
        say("committing", name)
        until_done(producer.commit_transaction, LIMIT)
        say("committed", name)
    except KafkaException as error:
        if not error.args[0].txn_requires_abort():
            raise
        until_done(producer.abort_transaction, LIMIT)
        say("aborted", f"{name} {error.args[0].str()}")
        rewind(consumer)


def rewind(consumer):
    owned = consumer.assignment()
    for partition in until_done(consumer.committed, owned, LIMIT) if owned else []:
        if partition.offset < 0:
            partition.offset = confluent_kafka.OFFSET_BEGINNING
        consumer.seek(partition)
