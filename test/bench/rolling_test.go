package bench

import (
	"testing"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// rolling is an event: all workers restart, one after the other, as many as fit into a
// moment. Each announces its return and is back within its hold-down, under a new session:
// then its leader decides for what has no owner, which is nothing if it was waited for.
const rolling = "rolling"

// roll is a leader's view of a group whose workers restart.
type roll struct {
	set    partition.Set
	table  partition.Table
	roster partition.Roster
	now    time.Time
}

func newRoll(in partition.Input, plan partition.Plan) *roll {
	r := &roll{set: in.Partitions, roster: partition.Roster{}, now: time.Unix(1_900_000_000, 0)}
	r.table = partition.Table{Version: 1, Step: 1, Source: in.Partitions.Digest, Rows: make([]partition.Row, len(plan))}
	for _, m := range in.Members {
		session := "first-" + partition.SessionID(m.ID)
		r.table.Seats = append(r.table.Seats, partition.Seat{Worker: m.ID, Session: session, Lease: time.Hour, Step: 1})
		r.write(m.ID, partition.Live{Session: session, Applied: 1})
	}
	for k, m := range plan {
		r.table.Rows[k] = partition.Row{Partition: in.Partitions.IDs[k], Token: 1, Seat: m, Pending: partition.None}
	}
	return r
}

func (r *roll) write(w partition.WorkerID, live partition.Live) {
	live.Lease = time.Hour
	r.roster[w], _ = r.roster[w].See(w, live, r.roster[w].Revision+1, r.now)
}

// restart is one worker, and what its leader asks of a strategy when it is back.
func (r *roll) restart(i int) partition.Question {
	seat := &r.table.Seats[i]
	r.write(seat.Worker, partition.Live{Session: seat.Session, Applied: 1, Released: true, Restarting: true})
	again := "second-" + partition.SessionID(seat.Worker)
	r.write(seat.Worker, partition.Live{Session: again, Predecessor: seat.Session, PredecessorReleased: true})
	rules := partition.Default().Rules(time.Time{})
	change := partition.Classify(r.table, r.roster, r.set, r.now, rules, partition.Off)
	seat.Session = again
	return partition.Ask(r.table, nil, change, r.set, partition.Asking{Now: r.now, Rules: rules}) // it may move nothing that has an owner
}

// measureRoll reports the last plan. Nothing moves in all of it, or it fails, so that there
// is nothing to say of where the load is.
func measureRoll(b *testing.B, s partition.Strategy, in partition.Input, plan partition.Plan) cell {
	r, began := newRoll(in, plan), time.Now()
	var q partition.Question
	for i := range in.Members {
		q = r.restart(i)
		made, err := s.Plan(q.Input)
		if err != nil {
			b.Log(err)
			return cell{}
		}
		target := q.Answer(partition.KeepOwned(q.Input, made), partition.AnyZone)
		if n := target.Measure.Moves; n > 0 {
			b.Fatalf("%d partitions move although all workers come back", n)
		}
		if time.Since(began) > long {
			break
		}
	}
	c := measurePlan(b, s, q.Input)
	c.still = true
	return c
}
