#!/usr/bin/env python3
"""Records what real clients send to a broker, one request per API, version and client at most a few times.

Usage: record.py BROKER_PORT PROXY_PORT OUTPUT.ndjson.gz
The broker must listen on 127.0.0.1:BROKER_PORT and advertise 127.0.0.1:PROXY_PORT, so that clients stay behind the proxy:
  ./kbroker start --override listeners=PLAINTEXT://127.0.0.1:BROKER_PORT \
      --override advertised.listeners=PLAINTEXT://127.0.0.1:PROXY_PORT --override log.dirs=/tmp/recording
KBROKER may name the program of this project, so that its own commands are recorded too.
Needs the Debian packages kcat, python3-kafka and python3-confluent-kafka; run it with /usr/bin/python3.
Further rows may be added: what OUTPUT holds already is kept.
"""
import base64
import gzip
import json
import os
import socket
import struct
import subprocess
import sys
import threading

MAX_PER_KIND = 3
MAX_FRAME = 6000
TOPICS = ["fuzz.a", "fuzz.b", "packages"]


class Recorder:
    def __init__(self, broker_port, proxy_port, rows):
        self.broker_port, self.client, self.lock = broker_port, "?", threading.Lock()
        self.rows = rows
        self.seen = {}
        for row in rows:
            key = (row["client"], row["api"], row["version"])
            self.seen[key] = self.seen.get(key, 0) + 1
        self.server = socket.create_server(("127.0.0.1", proxy_port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.server.accept()
            broker = socket.create_connection(("127.0.0.1", self.broker_port))
            threading.Thread(target=self.requests, args=(client, broker), daemon=True).start()
            threading.Thread(target=self.copy, args=(broker, client), daemon=True).start()

    def requests(self, client, broker):
        try:
            while True:
                head = self.exactly(client, 4)
                body = self.exactly(client, struct.unpack(">i", head)[0])
                self.note(body)
                broker.sendall(head + body)
        except (OSError, EOFError):
            broker.close()
            client.close()

    def note(self, body):
        api, version = struct.unpack(">hh", body[:4])
        with self.lock:
            key = (self.client, api, version)
            if len(body) > MAX_FRAME or self.seen.get(key, 0) >= MAX_PER_KIND:
                return
            if any(row["frame"] == base64.b64encode(body).decode() for row in self.rows):
                return
            self.seen[key] = self.seen.get(key, 0) + 1
            self.rows.append({"client": self.client, "api": api, "version": version, "frame": base64.b64encode(body).decode()})

    @staticmethod
    def exactly(sock, count):
        data = b""
        while len(data) < count:
            more = sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            try:
                target.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def attempt(what, action):
    """A client may meet an API that is not served; what it sent till then counts."""
    try:
        action()
    except Exception as e:  # noqa: BLE001
        print(f"  {what}: {type(e).__name__}: {str(e)[:120]}")


def kcat(address):
    def run(*args, data=b""):
        subprocess.run(["timeout", "15", "kcat", "-b", address, *args], input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    lines = b"".join(b"key%d:value %d\n" % (i, i) for i in range(20))
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        run("-P", "-t", "packages", "-K:", "-z", codec, data=lines)
    run("-P", "-t", "fuzz.a", "-X", "acks=0", data=b"a\n")
    run("-P", "-t", "fuzz.a", "-X", "acks=1", "-H", "h=1", data=b"b\n")
    run("-P", "-t", "fuzz.a", "-X", "enable.idempotence=true", data=b"c\n")
    run("-L")
    run("-L", "-t", "packages")
    run("-C", "-t", "packages", "-o", "beginning", "-e", "-q")
    run("-C", "-t", "packages", "-o", "-2", "-e", "-q")
    run("-C", "-t", "packages", "-o", "s@1000", "-e", "-q")
    run("-Q", "-t", "packages:0:1000")
    run("-G", "group", "packages", "-e")
    for version in ["0.10.0.0", "0.11.0.0", "1.0.0"]:
        run("-C", "-t", "packages", "-o", "beginning", "-e", "-q", "-X", "api.version.request=false", "-X", f"broker.version.fallback={version}")


def confluent(address):
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

    def wait(futures):
        for future in futures.values():
            attempt("confluent", lambda f=future: f.result(10))

    admin = AdminClient({"bootstrap.servers": address, "socket.timeout.ms": 5000})
    wait(admin.create_topics([NewTopic("fuzz.d", 2, 1, config={"retention.ms": "100000"}), NewTopic("fuzz.e", 1, 1)]))
    wait(admin.create_topics([NewTopic("fuzz.f", 2, replica_assignment=[[0], [0]])], validate_only=True))
    wait(admin.create_partitions([NewPartitions("fuzz.e", 3)]))
    wait(admin.describe_configs([ConfigResource("topic", "fuzz.a"), ConfigResource("broker", "0")]))
    wait(admin.alter_configs([ConfigResource("topic", "fuzz.a", set_config={"retention.ms": "123456"})]))
    attempt("list", lambda: admin.list_topics(timeout=5))
    attempt("groups", lambda: admin.list_groups(timeout=5))
    producer = Producer({"bootstrap.servers": address, "message.timeout.ms": 5000})
    for i in range(10):
        producer.produce("fuzz.a", b"v%d" % i, b"k%d" % i, headers={"a": b"1", "b": None})
    producer.flush(5)
    transactional = Producer({"bootstrap.servers": address, "transactional.id": "t", "transaction.timeout.ms": 5000})
    attempt("transactions", lambda: transactional.init_transactions(3))
    consumer = Consumer({"bootstrap.servers": address, "group.id": "g", "isolation.level": "read_committed", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition("packages", 0, 0), TopicPartition("fuzz.a", 0, 0)])
    for _ in range(10):
        consumer.poll(0.3)
    attempt("watermarks", lambda: consumer.get_watermark_offsets(TopicPartition("packages", 0), timeout=5))
    attempt("times", lambda: consumer.offsets_for_times([TopicPartition("packages", 0, 1000)], timeout=5))
    attempt("commit", lambda: consumer.commit(asynchronous=False))
    consumer.close()
    wait(admin.delete_topics(["fuzz.d", "fuzz.e"]))


def python_kafka(address):
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic

    def produce(producer):
        for i in range(5):
            producer.send("fuzz.b", b"value %d" % i, b"key")
        producer.flush(4)
        producer.close(2)

    def consume(consumer):
        parts = [TopicPartition("fuzz.b", 0), TopicPartition("packages", 0)]
        consumer.assign(parts)
        list(consumer)
        consumer.end_offsets(parts)
        consumer.beginning_offsets(parts)
        consumer.offsets_for_times({parts[0]: 1000})
        consumer.close()

    for api in [(0, 10, 1), (0, 11, 0), (1, 0, 0), (2, 0, 0), None]:
        options = {"bootstrap_servers": address, **({"api_version": api} if api else {})}
        for codec in [None, "gzip"] if api else [None]:
            attempt(f"produce {api}", lambda o=options, c=codec: produce(KafkaProducer(**o, compression_type=c, max_block_ms=4000, request_timeout_ms=4000)))
        attempt(f"consume {api}", lambda o=options: consume(KafkaConsumer(**o, auto_offset_reset="earliest", enable_auto_commit=False, consumer_timeout_ms=1500)))

    admin = KafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5000)
    attempt("create", lambda: admin.create_topics([NewTopic("fuzz.g", 2, 1), NewTopic("fuzz.h", -1, -1, replica_assignments={0: [0]})]))
    attempt("partitions", lambda: admin.create_partitions({"fuzz.g": NewPartitions(4)}))
    attempt("describe", lambda: admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "fuzz.g"), ConfigResource(ConfigResourceType.BROKER, "0")]))
    attempt("alter", lambda: admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "fuzz.g", {"retention.ms": "5000"})]))
    attempt("list", lambda: admin.list_topics())
    attempt("topics", lambda: admin.describe_topics(["fuzz.g"]))
    attempt("cluster", lambda: admin.describe_cluster())
    attempt("groups", lambda: admin.list_consumer_groups())
    attempt("delete", lambda: admin.delete_topics(["fuzz.g", "fuzz.h"]))
    admin.close()


def own_commands(address):
    """The program named by KBROKER, for what our own client sends."""
    program = os.environ.get("KBROKER")

    def run(*args, data=b""):
        if program:
            subprocess.run(["timeout", "15", program, *args, "--bootstrap-server", address], input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    run("topics", "--create", "--topic", "fuzz.i", "--partitions", "2", "--config", "retention.ms=1000")
    run("topics", "--list")
    run("topics", "--describe")
    run("topics", "--alter", "--topic", "fuzz.i", "--partitions", "3")
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        run("produce", "--topic", "packages", "--compression-codec", codec, data=b"a\nb\nc\n")
    run("consume", "--topic", "packages", "--from-beginning", "--max-messages", "5")
    run("configs", "--describe", "--entity-type", "topics", "--entity-name", "fuzz.i")
    run("configs", "--alter", "--entity-type", "topics", "--entity-name", "fuzz.i", "--add-config", "retention.ms=5000")
    run("topics", "--delete", "--topic", "fuzz.i")


def main():
    broker_port, proxy_port, output = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rows = []
    if os.path.exists(output):
        with gzip.open(output, "rt") as old:
            rows = [json.loads(line) for line in old]
    recorder = Recorder(broker_port, proxy_port, rows)
    address = f"127.0.0.1:{proxy_port}"
    for name, run in [("kcat", kcat), ("confluent-kafka", confluent), ("python-kafka", python_kafka), ("kbroker", own_commands)]:
        recorder.client = name
        print(name)
        attempt(name, lambda r=run: r(address))
    rows.sort(key=lambda row: (row["api"], row["version"], row["client"], row["frame"]))
    with gzip.GzipFile(output, "wb", mtime=0) as out:
        for row in rows:
            out.write((json.dumps(row) + "\n").encode())
    kinds = sorted({(row["api"], row["version"]) for row in rows})
    print(f"{len(rows)} requests, {len(kinds)} kinds of API and version: {kinds}")


if __name__ == "__main__":
    main()
