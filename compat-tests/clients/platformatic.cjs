// @platformatic/kafka, the Node.js client that speaks the newest versions: node platformatic.cjs COMMAND BOOTSTRAP ARGUMENTS-AS-JSON.
const { Admin, ConfigResourceTypes, Consumer, FetchIsolationLevels, IncrementalAlterConfigOperationTypes, Producer } = require('@platformatic/kafka');
const frames = require('./frames.cjs');

const [command, bootstrap, json] = process.argv.slice(2);
const given = JSON.parse(json);
const options = { clientId: 'compat', bootstrapBrokers: [bootstrap], retries: 2 };
const print = value => process.stdout.write(JSON.stringify(value) + '\n');
const TOPIC = ConfigResourceTypes.TOPIC;

// An error of the protocol lies somewhere below the one that is thrown.
function codeOf(error) {
  if (typeof error?.apiCode === 'number') return error.apiCode;
  for (const inner of [...(error?.errors ?? []), ...(error?.cause ? [error.cause] : [])]) {
    const code = codeOf(inner);
    if (code !== undefined) return code;
  }
  return undefined;
}

const commands = {
  async produce() {
    const producer = new Producer({ ...options, idempotent: false });
    const messages = [...frames.read()].map(record => ({
      topic: given.topic,
      key: record.key,
      value: record.value,
      ...(record.partition >= 0 && { partition: record.partition }),
      ...(record.timestamp >= 0 && { timestamp: record.timestamp }),
      headers: new Map(record.headers.map(([name, value]) => [Buffer.from(name), value])),
    }));
    for (let start = 0; start < messages.length; start += 1000) {
      await producer.send({ messages: messages.slice(start, start + 1000), acks: -1, compression: given.codec });
    }
    await producer.close();
  },

  // Reads as a member of a group of either protocol, and commits each record.
  async group() {
    const consumer = new Consumer({
      ...options, groupId: given.group, maxWaitTime: 100, autocommit: false,
      ...(given.protocol === 'consumer'
        ? { groupProtocol: 'consumer' }
        : { sessionTimeout: 6000, rebalanceTimeout: 10000, heartbeatInterval: 500 }),
    });
    const stream = await consumer.consume({ topics: [given.topic], mode: 'committed', fallbackMode: 'earliest' });
    let left = given.count;
    for await (const message of stream) {
      frames.write({
        partition: message.partition,
        offset: Number(message.offset),
        timestamp: Number(message.timestamp),
        key: message.key,
        value: message.value,
        headers: [...(message.headers ?? new Map())].map(([name, value]) => [name.toString(), value]),
      });
      await message.commit();
      if (--left === 0) break;
    }
    await consumer.close(true);
  },

  async transact() {
    const producer = new Producer({ ...options, idempotent: true, transactionalId: given.id });
    for (const { records, end } of given.transactions) {
      const transaction = await producer.beginTransaction();
      const messages = records.map(([topic, partition, value]) => ({ topic, partition, value: Buffer.from(value) }));
      for (const message of messages) await transaction.send({ messages: [message] });
      await (end === 'commit' ? transaction.commit() : transaction.abort());
    }
    await producer.close();
  },

  async isolated() {
    const consumer = new Consumer({
      ...options, groupId: `isolated-platformatic-${given.topic}-${given.isolation}`, sessionTimeout: 6000, heartbeatInterval: 500,
      rebalanceTimeout: 10000, isolationLevel: FetchIsolationLevels[given.isolation.toUpperCase()], maxWaitTime: 100, autocommit: true,
    });
    const stream = await consumer.consume({ topics: [given.topic], mode: 'earliest' });
    let last = Date.now();
    stream.on('data', message => {
      last = Date.now();
      print(message.value.toString());
    });
    // It tells of no end; silence has to do.
    while (Date.now() - last < 1500) await new Promise(resolve => setTimeout(resolve, 100));
    await stream.close();
    await consumer.close(true);
  },

  // Members of one group of the consumer protocol, who come and go as the steps say; after each step, what was read and who has what.
  async share() {
    const seen = new Map();
    const members = new Map();
    const until = async condition => {
      const deadline = Date.now() + given.patience;
      while (!condition() && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 50));
    };
    const partitions = () => Object.fromEntries([...members].map(([name, { consumer }]) =>
      [name, (consumer.assignments ?? []).flatMap(one => one.partitions).sort((a, b) => a - b)]));
    const admin = new Admin(options);
    await admin.createTopics({ topics: [given.topic], partitions: given.partitions, replicas: 1 });
    await admin.close();
    const producer = new Producer({ ...options, idempotent: false });
    let sent = 0;
    let refused = 0;
    for (const step of given.steps) {
      if (step.join) {
        const consumer = new Consumer({ ...options, clientId: step.join, groupId: given.group, groupProtocol: 'consumer', autocommit: 50, maxWaitTime: 100 });
        const stream = await consumer.consume({ topics: [given.topic], mode: 'committed', fallbackMode: 'earliest' });
        stream.on('data', message => seen.set(message.value.toString(), (seen.get(message.value.toString()) ?? 0) + 1));
        // The client does not try again what is refused to it.
        stream.on('autocommit', error => { refused += error ? 1 : 0; });
        members.set(step.join, { consumer, stream });
      } else if (step.leave) {
        await members.get(step.leave).consumer.close(true);
        members.delete(step.leave);
      }
      const fair = Math.floor(given.partitions / members.size);
      await until(() => Object.values(partitions()).every(own => own.length >= fair)
        && new Set(Object.values(partitions()).flat()).size === given.partitions && Object.values(partitions()).flat().length === given.partitions);
      for (let i = 0; i < step.send; i++, sent++) {
        await producer.send({ messages: [{ topic: given.topic, partition: sent % given.partitions, value: Buffer.from(`v${sent}`) }], acks: -1 });
      }
      await until(() => seen.size === sent);
      // What was read is committed before the partitions move on.
      await new Promise(resolve => setTimeout(resolve, 500));
      print({ partitions: partitions(), sent, seen: seen.size, twice: [...seen.values()].filter(times => times > 1).length, refused });
    }
    // Members with open streams do not close; the process takes them with it once what it told is out.
    process.stdout.write('', () => process.exit(0));
  },

  async admin() {
    const admin = new Admin(options);
    for (const [name, ...operands] of given.operations) {
      try {
        print({ result: (await operations[name](admin, ...operands)) ?? null });
      } catch (error) {
        print({ error: codeOf(error) ?? -1, message: String(error) });
      }
    }
    await admin.close();
  },
};

const alter = (admin, name, configs) =>
  admin.incrementalAlterConfigs({ resources: [{ resourceType: TOPIC, resourceName: name, configs }] });

const operations = {
  create: (admin, topic, partitions, configs) => admin.createTopics({
    topics: [topic], partitions, replicas: 1, configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  }).then(() => null),
  delete: (admin, ...topics) => admin.deleteTopics({ topics }),
  grow: (admin, topic, count) => admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] }),
  list: async admin => (await admin.listTopics()).sort(),
  describe: async (admin, ...topics) => {
    const found = (await admin.metadata({ topics })).topics;
    return topics.map(topic => [topic, found.get(topic).partitions.length, 0]);
  },
  configs: async (admin, name) => {
    const [found] = await admin.describeConfigs({ resources: [{ resourceType: TOPIC, resourceName: name, configurationKeys: null }] });
    return Object.fromEntries(found.configs.map(config => [config.name, config.value]));
  },
  alter: (admin, name, configs) =>
    admin.alterConfigs({ resources: [{ resourceType: TOPIC, resourceName: name, configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })) }] }),
  set: (admin, name, key, value) => alter(admin, name, [{ name: key, configOperation: IncrementalAlterConfigOperationTypes.SET, value }]),
  unset: (admin, name, key) => alter(admin, name, [{ name: key, configOperation: IncrementalAlterConfigOperationTypes.DELETE, value: null }]),
  append: (admin, name, key, value) => alter(admin, name, [{ name: key, configOperation: IncrementalAlterConfigOperationTypes.APPEND, value }]),
  subtract: (admin, name, key, value) => alter(admin, name, [{ name: key, configOperation: IncrementalAlterConfigOperationTypes.SUBTRACT, value }]),
  cluster: async admin => (await admin.metadata({ topics: [] })).id,
};

commands[command]().catch(error => {
  console.error(error);
  process.exit(1);
});
