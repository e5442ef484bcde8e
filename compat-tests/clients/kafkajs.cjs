// kafkajs: node kafkajs.cjs COMMAND BOOTSTRAP ARGUMENTS-AS-JSON; records come as frames, answers go as JSON lines.
const fs = require('node:fs');
const { AssignerProtocol, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = require('kafkajs');
const frames = require('./frames.cjs');

const [command, bootstrap, json] = process.argv.slice(2);
const given = JSON.parse(json);
const kafka = new Kafka({ brokers: [bootstrap], clientId: 'compat', logLevel: logLevel.NOTHING, retry: { retries: 2 } });
const print = value => process.stdout.write(JSON.stringify(value) + '\n');

// The range assignor of other clients, which kafkajs does not have; with it they share a group.
const range = ({ cluster }) => ({
  name: 'range',
  version: 0,
  protocol: ({ topics }) => ({ name: 'range', metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }) }),
  async assign({ members, topics }) {
    const assignments = Object.fromEntries(members.map(member => [member.memberId, {}]));
    const names = Object.keys(assignments).sort();
    for (const topic of topics) {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(found => found.partitionId).sort((a, b) => a - b);
      const [least, more] = [Math.floor(partitions.length / names.length), partitions.length % names.length];
      names.forEach((name, i) => {
        const start = least * i + Math.min(i, more);
        assignments[name][topic] = partitions.slice(start, start + least + (i < more ? 1 : 0));
      });
    }
    return names.map(memberId => ({
      memberId, memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment: assignments[memberId], userData: Buffer.alloc(0) }),
    }));
  },
});

const commands = {
  async produce() {
    const producer = kafka.producer({ idempotent: false, allowAutoTopicCreation: false });
    await producer.connect();
    const messages = [...frames.read()].map(record => ({
      key: record.key,
      value: record.value,
      ...(record.partition >= 0 && { partition: record.partition }),
      ...(record.timestamp >= 0 && { timestamp: String(record.timestamp) }),
      headers: Object.fromEntries(record.headers),
    }));
    const batch = given.batch ?? 1000;
    for (let start = 0; start < messages.length; start += batch) {
      print(await producer.send({
        topic: given.topic,
        acks: -1,
        compression: given.gzip ? CompressionTypes.GZIP : CompressionTypes.None,
        messages: messages.slice(start, start + batch),
      }));
    }
    await producer.disconnect();
  },

  // Numbers from 0 on, in order and once each, whatever the broker does.
  async idempotent() {
    const patient = new Kafka({
      brokers: [bootstrap], clientId: 'compat', logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, maxRetryTime: 300, retries: 100 },
    });
    const producer = patient.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (let number = 0; number < given.count; number += given.batch) {
      const messages = Array.from({ length: given.batch }, (_, i) => ({ value: String(number + i), partition: 0 }));
      await producer.send({ topic: given.topic, acks: -1, messages });
    }
    await producer.disconnect();
  },

  async group() {
    const consumer = kafka.consumer({ groupId: given.group, sessionTimeout: 6000, heartbeatInterval: 500 });
    await consumer.connect();
    await consumer.subscribe({ topic: given.topic, fromBeginning: true });
    let left = given.count;
    await new Promise((resolve, reject) => {
      consumer.on(consumer.events.CRASH, event => reject(event.payload.error));
      consumer.run({
        autoCommit: false,
        eachMessage: async ({ topic, partition, message }) => {
          if (left === 0) return;
          frames.write({
            partition,
            offset: Number(message.offset),
            timestamp: Number(message.timestamp),
            key: message.key,
            value: message.value,
            headers: Object.entries(message.headers ?? {}),
          });
          await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
          left -= 1;
          if (left === 0) resolve();
        },
      }).catch(reject);
    });
    await consumer.disconnect();
  },

  async transact() {
    const producer = kafka.producer({ transactionalId: given.id, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const { records, end } of given.transactions) {
      const transaction = await producer.transaction();
      for (const [topic, partition, value] of records) await transaction.send({ topic, acks: -1, messages: [{ partition, value }] });
      await (end === 'commit' ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
  },

  // Copies a topic within transactions that carry the group's offsets; the first of each partition is aborted and done again.
  async copy() {
    const producer = kafka.producer({ transactionalId: given.id, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    const consumer = kafka.consumer({ groupId: given.group, sessionTimeout: 6000, heartbeatInterval: 500, readUncommitted: false });
    await consumer.connect();
    await consumer.subscribe({ topic: given.topic, fromBeginning: true });
    const aborted = new Set();
    let left = given.count;
    await new Promise((resolve, reject) => {
      consumer.on(consumer.events.CRASH, event => reject(event.payload.error));
      consumer.run({
        autoCommit: false,
        eachMessage: async ({ topic, partition, message }) => {
          if (left === 0) return;
          const attempt = async () => {
            const transaction = await producer.transaction();
            await transaction.send({ topic: given.output, acks: -1, messages: [{ partition, value: message.value }] });
            const offset = String(Number(message.offset) + 1);
            await transaction.sendOffsets({ consumerGroupId: given.group, topics: [{ topic, partitions: [{ partition, offset }] }] });
            return transaction;
          };
          if (!aborted.has(partition)) {
            aborted.add(partition);
            await (await attempt()).abort();
          }
          await (await attempt()).commit();
          if (--left === 0) resolve();
        },
      }).catch(reject);
    });
    await consumer.disconnect();
    await producer.disconnect();
  },

  async isolated() {
    const consumer = kafka.consumer({
      groupId: `isolated-${given.topic}-${given.isolation}`, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 100,
      readUncommitted: given.isolation === 'read_uncommitted',
    });
    await consumer.connect();
    await consumer.subscribe({ topic: given.topic, fromBeginning: true });
    // It tells of no end; silence has to do.
    let last = Date.now();
    await new Promise((resolve, reject) => {
      consumer.on(consumer.events.CRASH, event => reject(event.payload.error));
      consumer.on(consumer.events.FETCH, event => {
        if (event.payload.numberOfBatches === 0 && Date.now() - last > 1500) resolve();
      });
      consumer.run({
        eachBatch: async ({ batch }) => {
          for (const message of batch.messages) {
            last = Date.now();
            print(message.value.toString());
          }
        },
      }).catch(reject);
    });
    await consumer.disconnect();
  },

  // A member that tells what it owns and reads, as group_members.py does, until SIGTERM.
  async member() {
    const say = (event, text = '') => fs.writeSync(1, `${given.name} ${event} ${process.hrtime.bigint()} ${text}\n`);
    const patient = new Kafka({
      brokers: [bootstrap], clientId: 'compat', logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, maxRetryTime: 300, retries: 100 },
    });
    const consumer = patient.consumer({
      groupId: given.group, sessionTimeout: given.session, heartbeatInterval: given.heartbeat, partitionAssigners: [range], maxWaitTimeInMs: 100,
    });
    // kafkajs does not tell a rebalance from being put out of the group: what it had before a join counts as lost.
    consumer.on(consumer.events.GROUP_JOIN, event => {
      say('lost-all');
      say('assigned', (event.payload.memberAssignment[given.topic] ?? []).join(','));
    });
    process.on('SIGTERM', async () => {
      await consumer.disconnect().catch(() => {});
      say('ended');
      process.exit(0);
    });
    await consumer.connect();
    await consumer.subscribe({ topic: given.topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, isStale, isRunning }) => {
        for (let start = 0; start < batch.messages.length && isRunning() && !isStale(); start += 50) {
          const part = batch.messages.slice(start, start + 50);
          say('seen', part.map(message => `${batch.partition}:${message.offset}`).join(','));
          const next = String(Number(part[part.length - 1].offset) + 1);
          await consumer.commitOffsets([{ topic: batch.topic, partition: batch.partition, offset: next }]);
        }
      },
    });
    await new Promise(() => {});
  },

  async offsets() {
    const admin = kafka.admin();
    await admin.connect();
    const [now] = (await admin.fetchTopicOffsets(given.topic)).filter(found => found.partition === given.partition);
    const times = [];
    for (const time of given.times) {
      const [found] = (await admin.fetchTopicOffsetsByTimestamp(given.topic, time)).filter(each => each.partition === given.partition);
      // Where no record is so late, kafkajs gives the end.
      times.push(found.offset === now.high ? null : Number(found.offset));
    }
    print({ beginning: Number(now.low), end: Number(now.high), times });
    await admin.disconnect();
  },

  async admin() {
    const admin = kafka.admin();
    await admin.connect();
    for (const [name, ...operands] of given.operations) {
      try {
        print({ result: (await operations[name](admin, ...operands)) ?? null });
      } catch (error) {
        const cause = error.errors?.[0] ?? error;
        print({ error: cause.code ?? cause.cause?.code ?? -1, message: String(cause) });
      }
    }
    await admin.disconnect();
  },
};

const entries = configs => Object.entries(configs).map(([name, value]) => ({ name, value }));

const operations = {
  create: async (admin, topic, numPartitions, configs) => {
    const topics = [{ topic, numPartitions, replicationFactor: 1, configEntries: entries(configs) }];
    // kafkajs says of a topic that exists only that it was not created.
    if (!(await admin.createTopics({ waitForLeaders: true, topics }))) throw Object.assign(new Error('not created'), { code: 36 });
  },
  delete: (admin, ...topics) => admin.deleteTopics({ topics }),
  grow: (admin, topic, count) => admin.createPartitions({ topicPartitions: [{ topic, count }] }),
  list: async admin => (await admin.listTopics()).sort(),
  describe: async (admin, ...topics) =>
    (await admin.fetchTopicMetadata({ topics })).topics.map(topic => [topic.name, topic.partitions.length, 0]),
  configs: async (admin, name) => {
    const { resources } = await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: ConfigResourceTypes.TOPIC, name }] });
    return Object.fromEntries(resources[0].configEntries.map(entry => [entry.configName, entry.configValue]));
  },
  alter: (admin, name, configs) =>
    admin.alterConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries: entries(configs) }] }).then(() => null),
  deleteRecords: async (admin, topic, partition, offset) => {
    // kafkajs looks leaders up only for topics it has met.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
  },
  cluster: async admin => (await admin.describeCluster()).clusterId,
};

commands[command]().catch(error => {
  console.error(error);
  process.exit(1);
});
