"""Members of groups that tell what they own and read, for forks.py: 'assigned', 'revoked', 'lost' with partitions, 'seen' with
PARTITION:OFFSET before the commit that covers it."""
import time

import confluent_kafka
import kafka
import kafka.errors
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.base import Generation

SEEN_PER_LINE = 200


def numbers(partitions):
    return ",".join(str(partition.partition) for partition in partitions)


def say_seen(say, found):
    for start in range(0, len(found), SEEN_PER_LINE):
        say("seen", ",".join(f"{partition}:{offset}" for partition, offset in found[start:start + SEEN_PER_LINE]))


def librdkafka(say, stopping, bootstrap, arguments):
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": arguments["group"], "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "partition.assignment.strategy": arguments["strategy"], "session.timeout.ms": arguments["session"],
        "heartbeat.interval.ms": arguments["heartbeat"], "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 0})
    consumer.subscribe(
        [arguments["topic"]],
        on_assign=lambda _, partitions: say("assigned", numbers(partitions)),
        on_revoke=lambda _, partitions: say("revoked", numbers(partitions)),
        on_lost=lambda _, partitions: say("lost", numbers(partitions)))
    while not stopping():
        # One by one: librdkafka 2.0 drops what it has gathered for consume() when a rebalance comes, and counts it as consumed.
        for _ in range(50):
            message = consumer.poll(0.1)
            if message is None:
                break
            if message.error() is None:
                say("seen", f"{message.partition()}:{message.offset()}")
        try:
            consumer.commit(asynchronous=False)
        except confluent_kafka.KafkaException:
            # Nothing was read, the partitions are somebody else's, or the broker is away: these records are read again.
            pass
    consumer.close()


class Listener(kafka.ConsumerRebalanceListener):
    def __init__(self, say):
        self.say, self.consumer = say, None

    def on_partitions_revoked(self, revoked):
        # This client has no word for partitions that the group took away.
        lost = self.consumer._coordinator._generation is Generation.NO_GENERATION
        self.say("lost" if lost else "revoked", numbers(revoked))

    def on_partitions_assigned(self, assigned):
        self.say("assigned", numbers(assigned))


def pure(say, stopping, bootstrap, arguments):
    while True:
        try:
            consumer = kafka.KafkaConsumer(
                bootstrap_servers=bootstrap, group_id=arguments["group"], enable_auto_commit=False, auto_offset_reset="earliest",
                partition_assignment_strategy=[RangePartitionAssignor], session_timeout_ms=arguments["session"],
                heartbeat_interval_ms=arguments["heartbeat"], max_poll_records=50, reconnect_backoff_ms=20, reconnect_backoff_max_ms=200,
                request_timeout_ms=15000, api_version=(2, 5, 0))
            break
        except kafka.errors.NoBrokersAvailable:
            if stopping():
                return
    listener = Listener(say)
    listener.consumer = consumer
    consumer.subscribe([arguments["topic"]], listener=listener)
    while not stopping():
        try:
            found = [(record.partition, record.offset) for records in consumer.poll(timeout_ms=100).values() for record in records]
            say_seen(say, found)
            if found:
                consumer.commit()
        except kafka.errors.KafkaError:
            # As above.
            time.sleep(0.02)
    consumer.close(autocommit=False)
