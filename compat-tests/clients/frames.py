"""The form in which records pass between the tests and the scripts: see Harness/RecordFrames.cs."""
import struct
import sys


class Record:
    __slots__ = ("partition", "offset", "timestamp", "key", "value", "headers")

    def __init__(self, partition, offset, timestamp, key, value, headers):
        self.partition, self.offset, self.timestamp = partition, offset, timestamp
        self.key, self.value, self.headers = key, value, headers


def read(stream):
    """All records of a stream, one after the other."""
    def take(size):
        data = stream.read(size)
        if len(data) != size:
            raise EOFError
        return data

    def take_bytes():
        (length,) = struct.unpack(">i", take(4))
        return None if length < 0 else take(length)

    while True:
        start = stream.read(20)
        if not start:
            return
        partition, offset, timestamp = struct.unpack(">iqq", start)
        key, value = take_bytes(), take_bytes()
        (count,) = struct.unpack(">i", take(4))
        headers = [(take_bytes().decode(), take_bytes()) for _ in range(count)]
        yield Record(partition, offset, timestamp, key, value, headers)


def write(record, stream=sys.stdout.buffer):
    def sized(data):
        return struct.pack(">i", -1) if data is None else struct.pack(">i", len(data)) + data

    parts = [struct.pack(">iqq", record.partition, record.offset, record.timestamp), sized(record.key), sized(record.value)]
    parts.append(struct.pack(">i", len(record.headers)))
    for name, value in record.headers:
        parts += [sized(name.encode()), sized(value)]
    stream.write(b"".join(parts))
