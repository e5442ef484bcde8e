namespace KBroker.Broker.Configuration;

/// <summary>
/// Broker settings of Kafka 3.9 that this version does not honour: setting one is worth a warning, not an "unknown name". Settings
/// that promise protection are refused instead, so that a broker never runs less protected than its configuration says.
/// </summary>
public static class KnownKafkaConfigs
{
    /// <summary>The setting that would make this broker one of a cluster: running alone instead would split it.</summary>
    public const string ZooKeeperConnect = "zookeeper.connect";

    private static readonly string[] Prefixes =
    [
        "listener.name.", "rlmm.config.", "rsm.config.", "config.providers.", "remote.log.metadata.", "log4j.",
    ];

    private static readonly HashSet<string> Names = new(NameList.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);

    private static readonly HashSet<string> Protections = new(StringComparer.Ordinal)
    {
        "authorizer.class.name", "create.topic.policy.class.name", "alter.config.policy.class.name", "client.quota.callback.class",
    };

    private const string NameList = """
        allow.everyone.if.no.acl.found alter.config.policy.class.name alter.log.dirs.replication.quota.window.num
        alter.log.dirs.replication.quota.window.size.seconds authorizer.class.name auto.include.jmx.reporter
        auto.leader.rebalance.enable background.threads broker.heartbeat.interval.ms broker.id.generation.enable
        broker.session.timeout.ms client.quota.callback.class config.providers
        connection.failed.authentication.delay.ms connections.max.reauth.ms control.plane.listener.name
        controlled.shutdown.max.retries controlled.shutdown.retry.backoff.ms controller.quorum.append.linger.ms
        controller.quorum.bootstrap.servers controller.quorum.election.backoff.max.ms
        controller.quorum.election.timeout.ms controller.quorum.fetch.timeout.ms controller.quorum.request.timeout.ms
        controller.quorum.retry.backoff.ms controller.quorum.voters controller.quota.window.num
        controller.quota.window.size.seconds controller.socket.timeout.ms create.topic.policy.class.name
        delegation.token.expiry.check.interval.ms delegation.token.expiry.time.ms delegation.token.master.key
        delegation.token.max.lifetime.ms delegation.token.secret.key delete.records.purgatory.purge.interval.requests
        early.start.listeners eligible.leader.replicas.enable fetch.purgatory.purge.interval.requests
        follower.replication.throttled.rate
        group.consumer.assignment.interval.ms group.consumer.assignor.offload.enable group.consumer.max.assignment.interval.ms
        group.consumer.min.assignment.interval.ms group.consumer.regex.refresh.interval.ms
        group.coordinator.append.linger.ms group.coordinator.new.enable
        group.coordinator.rebalance.protocols group.coordinator.threads         group.share.delivery.count.limit
        group.share.enable group.share.heartbeat.interval.ms group.share.max.groups
        group.share.max.heartbeat.interval.ms group.share.max.record.lock.duration.ms
        group.share.max.session.timeout.ms group.share.max.size group.share.min.heartbeat.interval.ms
        group.share.min.record.lock.duration.ms group.share.min.session.timeout.ms
        group.share.partition.max.record.locks group.share.record.lock.duration.ms group.share.session.timeout.ms
        initial.broker.registration.timeout.ms inter.broker.protocol.version jmx.port
        kafka.metrics.polling.interval.secs kafka.metrics.reporters leader.imbalance.check.interval.seconds
        leader.imbalance.per.broker.percentage leader.replication.throttled.rate
        log.dir.failure.timeout.ms
        max.connection.creation.rate metadata.log.dir metadata.log.max.record.bytes.between.snapshots
        metadata.log.max.snapshot.interval.ms metadata.log.segment.bytes metadata.log.segment.min.bytes
        metadata.log.segment.ms metadata.max.idle.interval.ms metadata.max.retention.bytes metadata.max.retention.ms
        metric.reporters metrics.num.samples metrics.recording.level metrics.sample.window.ms num.io.threads
        num.network.threads num.replica.alter.log.dirs.threads num.replica.fetchers         offsets.commit.required.acks offsets.load.buffer.size
        offsets.topic.compression.codec
                password.encoder.cipher.algorithm password.encoder.iterations password.encoder.key.length
        password.encoder.keyfactory.algorithm password.encoder.old.secret password.encoder.secret
        principal.builder.class producer.purgatory.purge.interval.requests
        queued.max.requests quota.window.num quota.window.size.seconds remote.fetch.max.wait.ms
        remote.log.index.file.cache.total.size.bytes remote.log.manager.copier.thread.pool.size
        remote.log.manager.copy.max.bytes.per.second remote.log.manager.copy.quota.window.num
        remote.log.manager.copy.quota.window.size.seconds remote.log.manager.expiration.thread.pool.size
        remote.log.manager.fetch.max.bytes.per.second remote.log.manager.fetch.quota.window.num
        remote.log.manager.fetch.quota.window.size.seconds remote.log.manager.task.interval.ms
        remote.log.manager.task.retry.backoff.max.ms remote.log.manager.task.retry.backoff.ms
        remote.log.manager.task.retry.jitter remote.log.manager.thread.pool.size
        remote.log.metadata.custom.metadata.max.bytes remote.log.metadata.manager.class.name
        remote.log.metadata.manager.class.path remote.log.metadata.manager.impl.prefix
        remote.log.metadata.manager.listener.name remote.log.reader.max.pending.tasks remote.log.reader.threads
        remote.log.storage.manager.class.name remote.log.storage.manager.class.path
        remote.log.storage.manager.impl.prefix remote.log.storage.system.enable
        replica.alter.log.dirs.io.max.bytes.per.second replica.fetch.backoff.ms replica.fetch.max.bytes
        replica.fetch.min.bytes replica.fetch.response.max.bytes replica.fetch.wait.max.ms replica.lag.time.max.ms
        replica.selector.class replica.socket.receive.buffer.bytes replica.socket.timeout.ms
        replication.quota.window.num replication.quota.window.size.seconds reserved.broker.max.id
        sasl.client.callback.handler.class sasl.enabled.mechanisms sasl.jaas.config sasl.kerberos.kinit.cmd
        sasl.kerberos.min.time.before.relogin sasl.kerberos.principal.to.local.rules sasl.kerberos.service.name
        sasl.kerberos.ticket.renew.jitter sasl.kerberos.ticket.renew.window.factor sasl.login.callback.handler.class
        sasl.login.class sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
        sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor sasl.login.refresh.window.jitter
        sasl.login.retry.backoff.max.ms sasl.login.retry.backoff.ms sasl.mechanism sasl.mechanism.controller.protocol
        sasl.mechanism.inter.broker.protocol sasl.oauthbearer.clock.skew.seconds sasl.oauthbearer.expected.audience
        sasl.oauthbearer.expected.issuer sasl.oauthbearer.header.urlencode sasl.oauthbearer.jwks.endpoint.refresh.ms
        sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.ms
        sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name
        sasl.oauthbearer.token.endpoint.url sasl.server.callback.handler.class sasl.server.max.receive.size
        security.providers server.max.startup.time.ms share.coordinator.state.topic.num.partitions
        share.coordinator.state.topic.replication.factor share.coordinator.threads
        socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms ssl.allow.dn.changes
        ssl.allow.san.changes ssl.cipher.suites ssl.client.auth ssl.enabled.protocols
        ssl.endpoint.identification.algorithm ssl.engine.factory.class ssl.key.password ssl.keymanager.algorithm
        ssl.keystore.certificate.chain ssl.keystore.key ssl.keystore.location ssl.keystore.password ssl.keystore.type
        ssl.principal.mapping.rules ssl.protocol ssl.provider ssl.secure.random.implementation
        ssl.trustmanager.algorithm ssl.truststore.certificates ssl.truststore.location ssl.truststore.password
        ssl.truststore.type super.users telemetry.max.bytes
        transaction.state.log.load.buffer.size
        unclean.leader.election.interval.ms unstable.api.versions.enable unstable.feature.versions.enable
        zookeeper.client.secure zookeeper.clientCnxnSocket zookeeper.connect zookeeper.connection.timeout.ms
        zookeeper.max.in.flight.requests zookeeper.metadata.migration.enable
        zookeeper.metadata.migration.min.batch.size zookeeper.session.timeout.ms zookeeper.set.acl
        zookeeper.ssl.cipher.suites zookeeper.ssl.client.enable zookeeper.ssl.crl.enable
        zookeeper.ssl.enabled.protocols zookeeper.ssl.endpoint.identification.algorithm
        zookeeper.ssl.keystore.location zookeeper.ssl.keystore.password zookeeper.ssl.keystore.type
        zookeeper.ssl.ocsp.enable zookeeper.ssl.protocol zookeeper.ssl.truststore.location
        zookeeper.ssl.truststore.password zookeeper.ssl.truststore.type
        """;

    /// <summary>Whether Kafka has a broker setting of this name that this version does not honour.</summary>
    /// <param name="name">The name.</param>
    /// <returns>True when it is Kafka's and without effect here.</returns>
    public static bool Contains(string name)
    {
        if (Names.Contains(name)) return true;
        foreach (string prefix in Prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal)) return true;
        }
        return false;
    }

    /// <summary>Whether a non-empty value of this setting promises a check that this version does not make.</summary>
    /// <param name="name">The name.</param>
    /// <returns>True when the broker must refuse to start with it.</returns>
    public static bool IsProtection(string name) => Protections.Contains(name);
}
