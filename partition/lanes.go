package partition

import "strconv"

// Lanes returns so many partitions, 0 to n-1, for a source; none if n is negative. They are
// what a subject transform of a NATS stream divides messages into, {{partition(n, …)}}: when
// there are too many keys for a partition of each.
func Lanes(n int) []Partition {
	lanes := make([]Partition, max(n, 0))
	for i := range lanes {
		lanes[i] = Of(strconv.Itoa(i))
	}
	return lanes
}
