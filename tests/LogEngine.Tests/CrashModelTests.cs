using System.Globalization;
using KBroker.LogEngine.Tests.Support;

namespace KBroker.LogEngine.Tests;

/// <summary>
/// Random operations on the logs of a directory, with crashes within any of them and restarts, beside the model. <c>KBROKER_MODEL_SEED</c>
/// sets the first seed, <c>KBROKER_MODEL_SEQUENCES</c> how many sequences each of the four rows runs.
/// </summary>
public sealed class CrashModelTests
{
    private const int DefaultSequences = 750;
    private const int Steps = 30;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomOperationsAndCrashes_AnySeed_LogsAreWhatTheModelAllows(int row)
    {
        int sequences = Setting("KBROKER_MODEL_SEQUENCES", DefaultSequences);
        int first = Setting("KBROKER_MODEL_SEED", 1) + (row * sequences);
        for (int seed = first; seed < first + sequences; seed++)
        {
            var run = new Run(seed);
            try
            {
                run.Go();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, after {run.Story}: {e.Message}", e);
            }
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    private sealed class Run
    {
        private readonly Random _random;
        // All crashes of a sequence are of one kind: what a killed process had cut and not flushed is not known to the next one, and
        // can come back with a power loss until the next flush; replicas settle that by epoch.
        private readonly bool _powerLosses;
        private readonly DirectoryWorld _world;
        private readonly List<string> _story = [];

        public Run(int seed)
        {
            _random = new Random(seed);
            _powerLosses = seed % 2 == 0;
            _world = new DirectoryWorld(new InMemoryLogFileSystem(), LogConfig.Default with
            {
                SegmentBytes = _random.Next(600, 1500),
                IndexIntervalBytes = _random.Next(1, 300),
                SegmentIndexBytes = _random.Next(3) == 0 ? 60 : 4096,
                FileDeleteDelayMs = 0,
            });
        }

        public string Story => string.Join(", ", _story.TakeLast(15));

        public void Go()
        {
            for (int i = 0; i < 2; i++) _world.Create(i, _random.Next(2) == 0 ? Guid.Empty : Guid.NewGuid());
            for (int step = 0; step < Steps && _world.Logs.Count > 0; step++)
            {
                TrackedLog log = _world.Logs[_random.Next(_world.Logs.Count)];
                if (_random.Next(6) == 0) CrashWithin(log);
                else Step(log);
                if (step % 6 == 5 && _world.Logs.Contains(log)) log.Verify();
            }

            foreach (TrackedLog log in _world.Logs) log.Verify();
            if (_random.Next(4) != 0) return;
            Stop();
            _world.Recover(_powerLosses);
        }

        private void Step(TrackedLog log)
        {
            switch (_random.Next(16))
            {
                case < 6:
                    Tell($"append {log.Partition.Partition}");
                    log.Append(_random.Next(1, 5), _random.Next(80), 1000 + _random.Next(1000));
                    break;
                case 6:
                    Tell($"follow {log.Partition.Partition}");
                    log.AppendAsFollower(log.Epoch, log.Epoch, log.Epoch + 1);
                    log.Epoch++;
                    break;
                case 7:
                    Tell($"roll {log.Partition.Partition}");
                    log.Roll();
                    break;
                case 8 or 9:
                    Tell($"flush {log.Partition.Partition}");
                    log.Flush();
                    Assert.Equal(log.Before.End, log.Log.RecoveryPoint);
                    break;
                case 10:
                    Tell("checkpoint");
                    _world.Directory.Checkpoint();
                    break;
                case 11:
                    long cut = log.Before.Batches.Count == 0 ? log.Before.End : log.Before.Batches[_random.Next(log.Before.Batches.Count)].First;
                    Tell($"cut {log.Partition.Partition} at {cut}");
                    log.TruncateTo(cut);
                    break;
                case 12:
                    long start = _random.NextInt64(log.Before.Start, log.Before.End + 1);
                    Tell($"start {log.Partition.Partition} at {start}");
                    log.DeleteRecords(start);
                    break;
                case 13 when _random.Next(4) == 0:
                    Tell($"start over {log.Partition.Partition}");
                    log.StartOver(log.Before.End + _random.Next(-5, 10) is var offset and >= 0 ? offset : 0);
                    break;
                case 14:
                    Tell("deletions");
                    _world.Directory.RunDeletions();
                    break;
                case 15 when _random.Next(3) == 0:
                    Tell("restart");
                    _world.CloseClean();
                    _world.Reopen();
                    foreach (TrackedLog each in _world.Logs)
                    {
                        each.Verify();
                        each.Do(each.Before with { DurableEnd = each.Before.End }, () => { });
                    }

                    break;
                default:
                    log.Epoch++;
                    break;
            }
        }

        private void CrashWithin(TrackedLog log)
        {
            _world.Disk.CrashAfter(_random.Next(8), _random.NextDouble());
            try
            {
                while (!_world.Disk.HasCrashed && _random.Next(5) != 0) Step(log);
            }
            catch (Exception) when (_world.Disk.HasCrashed)
            {
                // Its world is gone.
            }

            Stop();
            _world.Reopen();
            _world.Settle(_powerLosses);
        }

        private void Stop()
        {
            Tell(_powerLosses ? $"power loss at {_world.Disk.LastChange}" : $"kill at {_world.Disk.LastChange}");
            if (_powerLosses) _world.Disk.LosePower(_random.Next(3) == 0 ? null : _random);
            else _world.Disk.Kill();
        }

        private void Tell(string what) => _story.Add(what);
    }
}
