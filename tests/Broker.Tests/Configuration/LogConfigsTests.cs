using KBroker.Broker.Configuration;
using KBroker.LogEngine;
using KBroker.Protocol.Records;

namespace KBroker.Broker.Tests.Configuration;

public sealed class LogConfigsTests
{
    [Fact]
    public void From_Defaults_AreTheLogsOwnDefaults() =>
        Assert.Equal(LogConfig.Default, LogConfigs.From(BrokerConfig.FromSettings().TopicDefaults.Resolve(new Dictionary<string, string>())));

    [Fact]
    public void From_EverySettingOfTheLog_FollowsTheTopic()
    {
        var overrides = new Dictionary<string, string>
        {
            ["segment.bytes"] = "20",
            ["segment.ms"] = "21",
            ["segment.jitter.ms"] = "22",
            ["segment.index.bytes"] = "23",
            ["index.interval.bytes"] = "24",
            ["kbroker.flush.before.ack"] = "true",
            ["flush.messages"] = "25",
            ["flush.ms"] = "26",
            ["max.message.bytes"] = "27",
            ["preallocate"] = "true",
            ["message.timestamp.type"] = "LogAppendTime",
            ["retention.ms"] = "28",
            ["retention.bytes"] = "29",
            ["cleanup.policy"] = "compact",
            ["file.delete.delay.ms"] = "30",
            ["min.cleanable.dirty.ratio"] = "0.25",
            ["min.compaction.lag.ms"] = "31",
            ["max.compaction.lag.ms"] = "32",
            ["delete.retention.ms"] = "33",
        };
        LogConfig log = LogConfigs.From(BrokerConfig.FromSettings().TopicDefaults.Resolve(overrides));
        Assert.Equal(
            new LogConfig
            {
                SegmentBytes = 20,
                SegmentMs = 21,
                SegmentJitterMs = 22,
                SegmentIndexBytes = 23,
                IndexIntervalBytes = 24,
                FlushEachAppend = true,
                FlushMessages = 25,
                FlushMs = 26,
                MaxMessageBytes = 27,
                Preallocate = true,
                MessageTimestampType = TimestampType.LogAppendTime,
                RetentionMs = 28,
                RetentionBytes = 29,
                Delete = false,
                Compact = true,
                FileDeleteDelayMs = 30,
                MinCleanableDirtyRatio = 0.25,
                MinCompactionLagMs = 31,
                MaxCompactionLagMs = 32,
                DeleteRetentionMs = 33,
            },
            log);
        string[] remote = [nameof(LogConfig.RemoteStorage), nameof(LogConfig.LocalRetentionMs), nameof(LogConfig.LocalRetentionBytes)];
        foreach (System.Reflection.PropertyInfo property in typeof(LogConfig).GetProperties()
            .Where(property => !property.GetMethod!.IsStatic && !remote.Contains(property.Name)))
            Assert.NotEqual(property.GetValue(LogConfig.Default), property.GetValue(log));
    }

    [Fact]
    public void From_TopicThatAsksForRemoteStorage_IsKeptByItsOrdinaryRetention()
    {
        var overrides = new Dictionary<string, string> { ["remote.storage.enable"] = "true", ["local.retention.ms"] = "1", ["local.retention.bytes"] = "1" };
        Assert.Equal(LogConfig.Default, LogConfigs.From(BrokerConfig.FromSettings().TopicDefaults.Resolve(overrides)));
    }
}
