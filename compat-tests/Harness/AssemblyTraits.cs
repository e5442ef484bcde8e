// One broker and one client fill two cores; side by side, deadlines would measure the neighbours.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
