package partition

import (
	"fmt"
	"testing"
)

// manyMembers returns n members worker-0 to worker-(n−1).
func manyMembers(n int) []Member {
	members := make([]Member, n)
	for i := range members {
		members[i].ID = WorkerIDAt("worker", i)
	}
	return members
}

// manyPartitions returns a set of n partitions, whose content does not matter.
func manyPartitions(n int) Set {
	set := Set{IDs: make([]PartitionID, n), Weights: make([]int64, n)}
	for i := range set.IDs {
		set.IDs[i] = PartitionID(fmt.Sprintf("p%07d", i))
		set.Weights[i] = DefaultWeight
	}
	return set
}

// joinInput returns the input of a join: partitions that are spread evenly over all
// members but the last one, by the given layout.
func joinInput(partitions, members int, layout func(k uint64) uint64) Input {
	in := Input{Members: manyMembers(members), Partitions: manyPartitions(partitions), Previous: make([]int32, partitions), MoveLimit: Off}
	for k := range in.Previous {
		in.Previous[k] = int32(layout(uint64(k)) % uint64(members-1))
	}
	return in
}

func countAndCopy(plan Plan, counts []int32, previous []int32) {
	clear(counts)
	for _, was := range previous {
		counts[was+1]++
	}
	copy(plan, previous)
}

// BenchmarkSticky compares a join at a million partitions with counting and
// copying their owners, which no strategy can do without: the solver, which
// writes into a plan that is there, and Plan, which makes one. Owners in blocks
// are the worst layout: the last block's owner gives too, so that all is read
// twice.
func BenchmarkSticky(b *testing.B) {
	const partitions, members = 1_000_000, 1000
	layouts := []struct {
		name string
		of   func(k uint64) uint64
	}{
		{"dealt", func(k uint64) uint64 { return k }}, // as Sticky makes it
		{"blocks", func(k uint64) uint64 { return k * (members - 1) / partitions }},
		{"scattered", func(k uint64) uint64 { return k * 0x9E3779B97F4A7C15 >> 20 }},
	}
	for _, layout := range layouts {
		in := joinInput(partitions, members, layout.of)
		plan, counts := make(Plan, partitions), make([]int32, members+1)
		b.Run(layout.name+"/solver/count-and-copy", func(b *testing.B) {
			for b.Loop() {
				countAndCopy(plan, counts, in.Previous)
			}
		})
		b.Run(layout.name+"/solver/sticky", func(b *testing.B) {
			var s solver
			b.ReportAllocs()
			for b.Loop() {
				if err := s.solve(plan, in); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(layout.name+"/Plan/count-and-copy", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				countAndCopy(make(Plan, partitions), make([]int32, members+1), in.Previous)
			}
		})
		b.Run(layout.name+"/Plan/sticky", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (Sticky{}).Plan(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
