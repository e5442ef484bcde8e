using KBroker.Protocol.Messages;
using KBroker.Protocol.Wire;

namespace KBroker.Protocol.Tests.Wire;

public sealed class FrameTests
{
    [Theory]
    [InlineData(ApiKey.ControlledShutdown, 0, 0, 0)]
    [InlineData(ApiKey.ControlledShutdown, 1, 1, 0)]
    [InlineData(ApiKey.ControlledShutdown, 3, 2, 1)]
    [InlineData(ApiKey.ApiVersions, 2, 1, 0)]
    [InlineData(ApiKey.ApiVersions, 3, 2, 0)]
    [InlineData(ApiKey.ApiVersions, 99, 2, 0)]
    [InlineData(ApiKey.SaslHandshake, 1, 1, 0)]
    [InlineData(ApiKey.Produce, 8, 1, 0)]
    [InlineData(ApiKey.Produce, 9, 2, 1)]
    public void HeaderVersions_AreKafkas(ApiKey key, short version, short request, short response)
    {
        Assert.Equal(request, ApiKeys.Get(key).RequestHeaderVersion(version));
        Assert.Equal(response, ApiKeys.Get(key).ResponseHeaderVersion(version));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void ReadHeader_WhatWriteWrote_IsTheSame(short version)
    {
        byte[] frame = RequestFrame.Write(new ControlledShutdownRequest { BrokerId = 5 }, version, correlationId: 42, "me");
        var reader = new KafkaReader(frame.AsMemory(4));
        RequestHeader header = RequestFrame.ReadHeader(ref reader);
        Assert.Equal(((short)ApiKey.ControlledShutdown, version, 42), (header.RequestApiKey, header.RequestApiVersion, header.CorrelationId));
        Assert.Equal(version == 0 ? "" : "me", header.ClientId);
        Assert.Equal(5, ControlledShutdownRequest.Read(ref reader, version).BrokerId);
        Assert.Equal(0, reader.Remaining);

        reader = new KafkaReader(frame.AsMemory(4));
        Assert.Equal(42, RequestFrame.ReadHeaderView(ref reader).CorrelationId);
    }

    [Theory]
    [InlineData("270F0000000000010000")]
    [InlineData("FFFF0000000000010000")]
    [InlineData("0000")]
    public void ReadHeader_UnknownKeyOrCutOff_IsMalformed(string hex) => Assert.Throws<MalformedMessageException>(() =>
    {
        var reader = new KafkaReader(Convert.FromHexString(hex));
        RequestFrame.ReadHeader(ref reader);
    });

    [Fact]
    public void ApiKeys_CoverEveryRequestOfTheNewestRelease()
    {
        Assert.Equal(81, ApiKeys.All.Count);
        Assert.Equal("ListConfigResources", ApiKeys.Get((ApiKey)74).Name);
        Assert.Equal((5, 6), (ApiKeys.Get(ApiKey.InitProducerId).HighestStableVersion, ApiKeys.Get(ApiKey.InitProducerId).HighestVersion));
        Assert.Null(ApiKeys.Find(-1));
        Assert.Null(ApiKeys.Find(9999));
        Assert.All(ApiKeys.All, api => Assert.True(api.LowestVersion <= api.HighestStableVersion && api.HighestStableVersion <= api.HighestVersion));
    }

    [Fact]
    public void ErrorCodes_HaveKafkasNames()
    {
        Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION", ErrorCode.UnknownTopicOrPartition.Name());
        Assert.Equal(3, (short)ErrorCode.UnknownTopicOrPartition);
        Assert.True(ErrorCode.NotLeaderOrFollower.IsRetriable());
        Assert.False(ErrorCode.MessageTooLarge.IsRetriable());
        Assert.Equal("UNKNOWN_SERVER_ERROR", ErrorCode.UnknownServerError.Name());
        Assert.Equal("4321", ((ErrorCode)4321).Name());
    }
}
