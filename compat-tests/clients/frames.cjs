// The form in which records pass between the tests and the scripts: see Harness/RecordFrames.cs.
const fs = require('node:fs');

function* read(fd = 0) {
  const data = fs.readFileSync(fd);
  let at = 0;
  const int = () => { at += 4; return data.readInt32BE(at - 4); };
  const long = () => { at += 8; return data.readBigInt64BE(at - 8); };
  const bytes = () => {
    const length = int();
    if (length < 0) return null;
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const record = { partition: int(), offset: long(), timestamp: long(), key: bytes(), value: bytes(), headers: [] };
    for (let left = int(); left > 0; left--) record.headers.push([bytes().toString(), bytes()]);
    yield record;
  }
}

function write(record, fd = 1) {
  const parts = [];
  const int = value => { const b = Buffer.alloc(4); b.writeInt32BE(value); parts.push(b); };
  const long = value => { const b = Buffer.alloc(8); b.writeBigInt64BE(BigInt(value)); parts.push(b); };
  const bytes = value => {
    int(value === null ? -1 : value.length);
    if (value !== null) parts.push(value);
  };
  int(record.partition);
  long(record.offset);
  long(record.timestamp);
  bytes(record.key);
  bytes(record.value);
  int(record.headers.length);
  for (const [name, value] of record.headers) {
    bytes(Buffer.from(name));
    bytes(value === null ? null : Buffer.from(value));
  }
  fs.writeSync(fd, Buffer.concat(parts));
}

module.exports = { read, write };
