package partition

// Source lists the partitions of a workload. ListPartitions is called off every
// mailbox that matters, with a deadline; it may take long, but must return some
// day. Two calls may return different lists; the order does not matter.
type Source interface {
	ListPartitions() ([]Partition, error)
}
