// The fuzzed broker's memory, descriptors and pace are judged for the whole process, so nothing else runs beside it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
