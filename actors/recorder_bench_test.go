package actors

import (
	"fmt"
	"testing"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// On what is told of the calculator and the publisher stands what recording adds: the
// difference between on and off is what it takes of their turns, and kept/op is how
// many bytes go to the disk.
func onAndOff(b *testing.B, run func(b *testing.B, change func(*partition.Settings)) (kept int)) {
	for _, folder := range []string{"", "somewhere"} {
		name := "on"
		if folder == "" {
			name = "off"
		}
		b.Run(name, func(b *testing.B) {
			kept := run(b, func(s *partition.Settings) { s.Record = folder })
			b.ReportMetric(float64(kept)/float64(b.N), "kept/op")
		})
	}
}

func (b *probe) bytes() (n int) {
	for _, file := range b.kept {
		n += len(file)
	}
	return n
}

// A join of an eleventh worker to a hundred and a thousand partitions: all that the
// calculator hears, from the join to the end of the hand-over.
func BenchmarkRecordDecision(b *testing.B) {
	for _, partitions := range []int{100, 1000} {
		b.Run(fmt.Sprint(partitions), func(b *testing.B) {
			onAndOff(b, func(b *testing.B, change func(*partition.Settings)) (kept int) {
				for b.Loop() {
					b.StopTimer()
					r := newReckoning(&testing.T{}, change)
					r.partitions = partitions
					var workers []partition.WorkerID
					for i := range 10 {
						workers = append(workers, partition.WorkerID(fmt.Sprintf("w-%d", i)))
					}
					r.read()
					r.join(workers...)
					r.plan()
					r.hand()
					r.quiet(workers...)
					before := r.outside.bytes()
					b.StartTimer()
					r.join("w-10")
					r.pass(r.settings.SettleTime, append(workers, "w-10")...)
					r.plan()
					r.hand()
					kept += r.outside.bytes() - before
				}
				return kept
			})
		})
	}
}

// A heartbeat that the publisher hears.
func BenchmarkRecordHeartbeat(b *testing.B) {
	onAndOff(b, func(b *testing.B, change func(*partition.Settings)) int {
		p := newPrinting(&testing.T{}, true, change)
		p.answerTable()
		p.beat("w-0", partition.Live{})
		p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
		for b.Loop() {
			p.beat("w-0", partition.Live{Applied: 5, Labels: []string{"gpu"}})
		}
		return p.outside.bytes()
	})
}
