package bench

import (
	"slices"
	"testing"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// rolling is an event: all workers restart, one after the other, as many as fit into a
// moment. What each has waits for it, as it does within the hold-down, so that a plan is
// made when it is back.
const rolling = "rolling"

// measureRoll reports the last plan, and what the whole of it has moved.
func measureRoll(b *testing.B, s partition.Strategy, in partition.Input, plan partition.Plan) cell {
	next, began := in, time.Now()
	next.Previous = slices.Clone(plan)
	for i := range in.Members {
		restart(&next, int32(i))
		if i == len(in.Members)-1 || time.Since(began) > long {
			break
		}
		var err error
		if next.Previous, err = s.Plan(next); err != nil {
			b.Log(err)
			return cell{}
		}
	}
	c := measurePlan(b, s, next)
	last, err := s.Plan(next)
	if err != nil {
		return cell{}
	}
	in.Previous = plan
	c.moved = movement(in, last)
	b.ReportMetric(c.moved, "moved/least")
	return c
}

// restart leaves without owner what a worker has, which is its home.
func restart(in *partition.Input, worker int32) {
	in.Home, in.Previous = in.Previous, slices.Clone(in.Previous)
	for k, was := range in.Previous {
		if was == worker {
			in.Previous[k] = partition.None
		}
	}
}
