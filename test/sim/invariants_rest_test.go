package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// quiet is an affair in which two workers own what there is, under token 6, and all is
// quiet. What happens then is judged by a head of step 7, and perhaps one of step 8.
type quiet struct {
	*affair
	source uint64 // that its heads name
}

const hold = 10 * time.Second

func newQuiet(t *testing.T, owned ...[]partition.PartitionID) *quiet {
	q := &quiet{affair: newAffair(t)}
	q.c.rest.hold = hold
	q.lists("p1", "p2", "p3", "p4")
	q.commit("w1", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-0", Session: "s-worker-0"}})
	for i := range owned {
		q.commit([]string{"w1", "w2"}[i], alive(partition.WorkerIDAt("worker", i), partition.Live{
			Session: "s-" + partition.SessionID(partition.WorkerIDAt("worker", i)), InstanceKey: "key",
		}))
	}
	q.says(6, nil, owned...)
	return q
}

// lists lets the source list these, and the latest head name that already.
func (q *quiet) lists(ids ...partition.PartitionID) {
	q.c.Listed(ids)
	q.source = digestOf(ids)
	q.c.rest.head.Source = q.source
}

// says writes a head, in which each owns these. What somebody else had before is
// granted by it.
func (q *quiet) says(step partition.Step, change func(*partition.Head, map[partition.WorkerID]partition.Assignment), owned ...[]partition.PartitionID) {
	var grants [][]partition.Grant
	for i, ids := range owned {
		var list []partition.Grant
		for _, id := range ids {
			token := partition.Token(step)
			if was := q.c.archive.has[id]; was.worker == partition.WorkerIDAt("worker", i) {
				token = was.token
			}
			list = append(list, grant(id, token))
		}
		grants = append(grants, list)
	}
	h, asg := table(step, grants...)
	h.Term, h.Source = 1, q.source
	if change != nil {
		change(&h, asg)
	}
	q.head("w1", h, asg)
}

// revoke tells worker w to let go of what another one will get.
func revoke(w partition.WorkerID, id partition.PartitionID, to partition.WorkerID) func(*partition.Head, map[partition.WorkerID]partition.Assignment) {
	return func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
		a := asg[w]
		a.Revoking = append(a.Revoking, partition.Revoke{Partition: id, Token: 6, Step: h.Step})
		asg[w] = a
		b := asg[to]
		b.Pending = append(b.Pending, id)
		asg[to] = b
	}
}

type list = []partition.PartitionID

// happens is what happens to workers that own so much, and a word of what is broken by it;
// empty if nothing is.
type happens struct {
	then func(q *quiet)
	word string
}

func judge(t *testing.T, owned []list, cases map[string]happens) {
	for name, v := range cases {
		t.Run(name, func(t *testing.T) {
			q := newQuiet(t, owned...)
			q.sound()
			v.then(q)
			if v.word == "" {
				q.sound()
			} else {
				q.broken("I6", v.word)
			}
		})
	}
}

var even = []list{{"p1", "p2"}, {"p3", "p4"}}

// Without a cause nothing is published, and nothing taken.
func TestRest(t *testing.T) {
	judge(t, even, map[string]happens{
		"a head for nothing": {func(q *quiet) { q.says(7, nil, list{"p1", "p2"}, list{"p3", "p4"}) }, "changes nothing"},
		"a refresh is served": {func(q *quiet) {
			q.says(7, func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) { h.Seats[0].Refresh = 1 }, list{"p1", "p2"}, list{"p3", "p4"})
		}, ""},
		"something is taken for nothing": {func(q *quiet) { q.says(7, revoke("worker-0", "p1", "worker-1"), list{"p2"}, list{"p3", "p4"}) }, "takes p1 from worker-0, and neither"},
		"something is taken for nobody": {func(q *quiet) {
			q.says(7, func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) {
				h.Unowned = []partition.Unowned{{Partition: "p1"}}
			}, list{"p2"}, list{"p3", "p4"})
		}, "takes p1 from worker-0, and neither"},
		"something is taken for another source": {func(q *quiet) {
			q.says(7, func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
				revoke("worker-0", "p1", "worker-1")(h, asg)
				h.Source = 1
			}, list{"p2"}, list{"p3", "p4"})
		}, ""},
		"something is taken for whoever joins": {func(q *quiet) {
			q.commit("w3", alive("worker-2", partition.Live{Session: "s-worker-2"}))
			q.says(7, revoke("worker-0", "p1", "worker-2"), list{"p2"}, list{"p3", "p4"}, nil)
		}, ""},
		"something is taken from whoever drains": {func(q *quiet) {
			q.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Claim: 2, Draining: true}))
			q.says(7, revoke("worker-0", "p1", "worker-1"), list{"p2"}, list{"p3", "p4"})
		}, ""},
	})
}

// Who has more gives something up, as little as can be.
func TestRestOfAnUnevenTable(t *testing.T) {
	judge(t, []list{{"p1", "p2", "p3"}, {"p4"}}, map[string]happens{
		"one goes to whoever has less": {func(q *quiet) { q.says(7, revoke("worker-0", "p1", "worker-1"), list{"p2", "p3"}, list{"p4"}) }, ""},
		"more than one does": {func(q *quiet) {
			q.says(7, func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
				revoke("worker-0", "p1", "worker-1")(h, asg)
				revoke("worker-0", "p2", "worker-1")(h, asg)
			}, list{"p3"}, list{"p4"})
		}, "takes p1 from worker-0, which has 1 then, and worker-1 gets something, which has 3"},
		"two change places": {func(q *quiet) {
			q.says(7, func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
				revoke("worker-0", "p1", "worker-1")(h, asg)
				revoke("worker-0", "p2", "worker-1")(h, asg)
				revoke("worker-1", "p4", "worker-0")(h, asg)
			}, list{"p3"}, nil)
		}, "worker-0 gets something"},
		"a hand-over goes on": {func(q *quiet) {
			q.says(7, revoke("worker-0", "p1", "worker-1"), list{"p2", "p3"}, list{"p4"})
			q.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Claim: 2, Applied: 7}))
			q.says(8, freed(partition.Freed{Partition: "p1", Session: "s-worker-0", Token: 6, By: partition.FreedByAck, Revision: q.revision}), list{"p2", "p3"}, list{"p4", "p1"})
		}, ""},
	})
}

// silent takes something from worker-0 when worker-1 has not renewed for so long.
func (q *quiet) silent(long time.Duration) {
	q.pass(long)
	q.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Claim: 2}))
	q.says(7, func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
		revoke("worker-0", "p1", "worker-1")(h, asg)
		a := asg["worker-1"]
		a.Pending = nil
		asg["worker-1"] = a
	}, list{"p2"}, list{"p3", "p4"})
}

// Who comes back in time finds what it had.
func TestRestWhileSomebodyIsAway(t *testing.T) {
	judge(t, even, map[string]happens{
		"whoever comes back has what it had": {func(q *quiet) { q.returns(list{"p1", "p2"}, list{"p3", "p4"}) }, ""},
		"whoever comes back lost something":  {func(q *quiet) { q.returns(list{"p1"}, list{"p3", "p4", "p2"}) }, "takes p2 from worker-0, and neither"},
		"what the source had listed no more is dropped when its owner is over": {func(q *quiet) {
			q.lists("p1", "p3", "p4")
			q.returns(list{"p1"}, list{"p3", "p4"})
		}, ""},
		"what the source lists again is dropped when its owner is over": {func(q *quiet) {
			q.lists("p1", "p3", "p4")
			q.lists("p1", "p2", "p3", "p4")
			q.returns(list{"p1"}, list{"p3", "p4"})
		}, "takes p2 from worker-0, and neither"},
		"whoever is to come back finds less": {func(q *quiet) { q.leaves(hold / 2) }, "announced 5s ago that it comes back"},
		"whoever is gone leaves something that nobody can get yet": {func(q *quiet) {
			q.commit("w2", alive("worker-1", partition.Live{Session: "s-worker-1", Claim: 3, Released: true}))
			q.says(7, freed(partition.Freed{Partition: "p3", Session: "s-worker-1", Token: 6, By: partition.FreedByRelease, Revision: q.revision}), list{"p1", "p2", "p3"}, list{"p4"})
		}, ""},
		"whoever is silent is about to be fenced": {func(q *quiet) { q.silent(lease) }, ""},
		"whoever renews is not":                   {func(q *quiet) { q.silent(lease / 2) }, "takes p1 from worker-0, and neither"},
		"whoever was to come back does not":       {func(q *quiet) { q.leaves(hold) }, ""},
	})
}

func freed(f ...partition.Freed) func(*partition.Head, map[partition.WorkerID]partition.Assignment) {
	return func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) { h.Freed = f }
}

// returns lets worker-0 be claimed by another session, under which it owns these.
func (q *quiet) returns(owned ...list) {
	q.commit("w1", alive("worker-0", partition.Live{Session: "new", Predecessor: "s-worker-0", InstanceKey: "key"}))
	at := q.revision
	q.pass(lease)
	for i, by := range []string{"w1", "w2"} {
		id := partition.WorkerIDAt("worker", i)
		q.commit(by, alive(id, partition.Live{Session: []partition.SessionID{"new", "s-worker-1"}[i], Claim: at, InstanceKey: "key"}))
	}
	q.says(7, func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
		h.Seats[0].Session = "new"
		a := asg["worker-0"]
		a.Session = "new"
		for i := range a.Owned {
			a.Owned[i].Token = 7
		}
		asg["worker-0"] = a
		for _, id := range []partition.PartitionID{"p1", "p2"} {
			h.Freed = append(h.Freed, partition.Freed{Partition: id, Session: "s-worker-0", Token: 6, By: partition.FreedByReplacement, Revision: at})
		}
	}, owned...)
}

// leaves lets worker-1 go and say that it comes back, and gives what it had to the
// other one after a while.
func (q *quiet) leaves(after time.Duration) {
	q.commit("w2", alive("worker-1", partition.Live{Session: "s-worker-1", Claim: 3, Restarting: true, Released: true}))
	at := q.revision
	q.pass(after)
	var by []partition.Freed
	for _, id := range []partition.PartitionID{"p3", "p4"} {
		by = append(by, partition.Freed{Partition: id, Session: "s-worker-1", Token: 6, By: partition.FreedByRelease, Revision: at})
	}
	q.says(7, freed(by...), list{"p1", "p2", "p3", "p4"})
}

// What nobody has to know any more is no rest: the next head says what it wants.
func TestRestIsForgotten(t *testing.T) {
	for name, happens := range map[string]func(q *quiet){
		"nonsense":            func(q *quiet) { q.c.spoilt(Written{}) },
		"records that vanish": func(q *quiet) { q.c.Expired(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			q := newQuiet(t, even...)
			happens(q)
			q.says(7, revoke("worker-0", "p1", "worker-1"), list{"p2"}, list{"p3", "p4"})
			q.sound()
			require.True(t, q.c.rest.known)
		})
	}
}
