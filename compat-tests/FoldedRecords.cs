using System.Globalization;
using System.Text;
using Confluent.Kafka;
using KBroker.Compat.Tests.Clients;
using KBroker.Compat.Tests.Harness;

namespace KBroker.Compat.Tests;

/// <summary>Sends numbered values of a few keys, some of them null, and knows for each key the least that a reader must find.</summary>
internal sealed class FoldedRecords(BrokerProcess broker, string topic, Random random)
{
    private const int Keys = 40;

    private readonly Lock _lock = new();
    private readonly List<(int Key, string? Value)> _sent = [];
    // Of each key the last record that is known to be in the log: by an acknowledgement, or because it was read.
    private readonly Dictionary<int, (int Number, long Offset)> _known = [];

    public int Sent => _sent.Count;

    public int Acknowledged { get; private set; }

    /// <summary>How many records the last verification found.</summary>
    public int Found { get; private set; }

    public void Send(IProducer<byte[]?, byte[]?> producer)
    {
        int number = _sent.Count;
        int key = random.Next(Keys);
        string? value = random.Next(8) == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{number}:{new string('x', random.Next(0, 500))}");
        _sent.Add((key, value));
        byte[] keyBytes = Encoding.ASCII.GetBytes(key.ToString(CultureInfo.InvariantCulture));
        var headers = new Headers { { "n", Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)) } };
        var message = new Message<byte[]?, byte[]?> { Key = keyBytes, Value = value is null ? null : Encoding.ASCII.GetBytes(value), Headers = headers };
        producer.Produce(new TopicPartition(topic, 0), message, report =>
        {
            if (report.Error.IsError) return;
            lock (_lock)
            {
                Acknowledged++;
                Note(key, number, report.Offset);
            }
        });
    }

    /// <summary>
    /// Every record that is read was sent so, in the order of sending; the last of each key is the last one acknowledged, or a later
    /// one; a key is not there only if its last one is, or may be, a null.
    /// </summary>
    public async Task VerifyAsync(string where)
    {
        List<ClientRecord> read = await new Dotnet().ConsumeAsync(broker, topic);
        var fold = new Dictionary<int, (int Number, long Offset)>();
        long offset = -1;
        int last = -1;
        foreach (ClientRecord record in read)
        {
            int number = int.Parse(Encoding.ASCII.GetString(Assert.Single(record.Headers).Value!), CultureInfo.InvariantCulture);
            Assert.True(record.Offset > offset && number > last, $"{where}: {number} at {record.Offset} follows {last} at {offset}");
            (offset, last) = (record.Offset, number);
            Assert.Equal(_sent[number], (int.Parse(record.KeyText, CultureInfo.InvariantCulture), record.Value is null ? null : Encoding.ASCII.GetString(record.Value)));
            fold[_sent[number].Key] = (number, record.Offset);
        }

        lock (_lock)
        {
            Assert.True(_known.Count == 0 || read.Count > 0, $"{where}: nothing is left");
            foreach ((int key, (int number, long at)) in _known)
            {
                string what = $"{where}: of key {key} record {number} at {at} is known";
                if (!fold.TryGetValue(key, out (int Number, long Offset) found))
                    Assert.True(_sent.FindIndex(number, one => one.Key == key && one.Value is null) >= 0, $"{what}, and none is there.\n{broker.Output}");
                else if (found.Number == number)
                    Assert.Equal(at, found.Offset);
                else
                    Assert.True(found.Number > number && found.Offset > at, $"{what}, and {found} is there.\n{broker.Output}");
            }

            foreach ((int key, (int number, long at)) in fold) Note(key, number, at);
            Found = read.Count;
        }
    }

    private void Note(int key, int number, long offset)
    {
        if (!_known.TryGetValue(key, out (int Number, long Offset) before) || before.Number < number) _known[key] = (number, offset);
    }
}
