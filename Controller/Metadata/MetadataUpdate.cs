namespace KBroker.Controller.Metadata;

/// <summary>An image and how it differs from the one before it.</summary>
public sealed record MetadataUpdate(ClusterMetadataImage Image, ClusterMetadataDelta Delta);
