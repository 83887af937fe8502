package sim

import (
	"testing"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// With nothing to wait for everything has an owner.
func TestOwnerless(t *testing.T) {
	type change = func(*partition.Head, map[partition.WorkerID]partition.Assignment)
	without := func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) {
		h.Unowned = []partition.Unowned{{Partition: "p4"}}
	}
	renew := func(q *quiet, change func(*partition.Live)) {
		l := partition.Live{Session: "s-worker-1", Claim: 2}
		change(&l)
		q.commit("w2", alive("worker-1", l))
	}
	for name, c := range map[string]struct {
		before func(q *quiet)
		head   change
		broken bool
	}{
		"nothing to wait for": {func(*quiet) {}, without, true},
		"somebody joins": {func(q *quiet) {
			q.commit("w3", alive("worker-2", partition.Live{Session: "s-worker-2"}))
		}, without, false},
		"somebody drains": {func(q *quiet) { renew(q, func(l *partition.Live) { l.Draining = true }) }, without, false},
		"somebody has written something off": {func(q *quiet) {
			renew(q, func(l *partition.Live) { l.Abandoned = []partition.Abandoned{{Partition: "p4"}} })
		}, without, false},
		"somebody is to come back": {func(q *quiet) { renew(q, func(l *partition.Live) { l.Restarting = true }) }, without, false},
		"somebody has stopped":     {func(q *quiet) { renew(q, func(l *partition.Live) { l.Released = true }) }, without, false},
		"another has its ID": {func(q *quiet) {
			renew(q, func(l *partition.Live) {
				l.Session, l.Predecessor, l.Claim, l.InstanceKey = "new", "s-worker-1", 0, "key"
			})
		}, without, false},
		"nobody has renewed for a while": {func(q *quiet) { q.pass(lease / 2) }, without, false},
		"something is handed over": {func(*quiet) {}, func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
			without(h, asg)
			revoke("worker-0", "p2", "worker-1")(h, asg)
		}, false},
		"somebody is told that it will get something": {func(*quiet) {}, func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
			without(h, asg)
			a := asg["worker-1"]
			a.Pending = []partition.PartitionID{"p4"}
			asg["worker-1"] = a
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			q := newAlive(t)
			q.sound()
			c.before(q)
			owned := list{"p1", "p2"}
			if name == "something is handed over" {
				owned = list{"p1"}
			}
			q.says(6, c.head, owned, list{"p3"})
			if c.broken {
				q.broken("I3", "no owner for p4")
			} else {
				q.sound()
			}
		})
	}
}

// newAlive is a quiet affair before its first head.
func newAlive(t *testing.T) *quiet {
	q := &quiet{affair: newAffair(t)}
	q.c.rest.hold = hold
	q.c.Listed([]partition.PartitionID{"p1", "p2", "p3", "p4"})
	q.commit("w1", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-0", Session: "s-worker-0"}})
	for i, by := range []string{"w1", "w2"} {
		id := partition.WorkerIDAt("worker", i)
		q.commit(by, alive(id, partition.Live{Session: partition.SessionID("s-" + id), InstanceKey: "key"}))
	}
	return q
}
