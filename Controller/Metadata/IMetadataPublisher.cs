namespace KBroker.Controller.Metadata;

/// <summary>Takes the images a controller makes, after what they show has been written.</summary>
public interface IMetadataPublisher
{
    /// <summary>Takes an image; false if it is not newer than the one it has.</summary>
    bool Publish(MetadataUpdate update);
}
