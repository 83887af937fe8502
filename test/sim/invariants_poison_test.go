package sim

import (
	"testing"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// hospital is an affair in which w1 owns p1 and w2 owns p2, under token 7, and w1 may have
// quarantined p1.
type hospital struct{ *affair }

const stays = 20 * time.Second

func newHospital(t *testing.T) *hospital {
	h := &hospital{newAffair(t)}
	for name, id := range map[string]partition.WorkerID{"w1": "worker-0", "w2": "worker-1"} {
		h.c.Quarantines(name, 2, stays)
		h.commit(name, alive(id, partition.Live{Session: "s-" + partition.SessionID(id)}))
	}
	head, asg := whole(7)
	h.head("w1", head, asg)
	h.sound()
	return h
}

// says writes that so much of a quarantine of p1 is left.
func (h *hospital) says(left time.Duration, released bool) {
	h.commit("w1", alive("worker-0", partition.Live{
		Session: "s-worker-0", Claim: 1, Released: released, Poison: []partition.Poison{{Partition: "p1", Token: 7, Left: left}},
	}))
}

// moves grants p1 to w2, as w1 has released it. So much is told to be left.
func (h *hospital) moves(told ...time.Duration) {
	head, asg := table(8, nil, []partition.Grant{grant("p1", 8), grant("p2", 7)})
	head.Freed = []partition.Freed{{Partition: "p1", Session: "s-worker-0", Token: 7, By: partition.FreedByRelease, Revision: h.revision}}
	a := asg["worker-1"]
	for _, left := range told {
		a.Poison = append(a.Poison, partition.Poison{Partition: "p1", Token: 8, Left: left})
	}
	asg["worker-1"] = a
	h.head("w2", head, asg)
}

func (h *hospital) tries(process string, token partition.Token) {
	h.c.Tries(process, partition.Owned{ID: "p1", Token: token})
}

func (h *hospital) fails(process string, token partition.Token) {
	h.c.Fails(process, partition.Owned{ID: "p1", Token: token})
}

func TestQuarantineViolations(t *testing.T) {
	for name, c := range map[string]struct {
		word string
		do   func(h *hospital)
	}{
		"at its owner": {"w1 begins with p1 (token 7)", func(h *hospital) {
			h.says(stays, false)
			h.pass(stays / 2)
			h.tries("w1", 7)
		}},
		"before anybody has heard of it": {"has failed 4 times in a row", func(h *hospital) {
			for range 4 {
				h.tries("w1", 7)
				h.sound()
				h.fails("w1", 7)
				h.pass(time.Second)
			}
			h.tries("w1", 7)
		}},
		"at the next one": {"w2 begins with p1 (token 8)", func(h *hospital) {
			h.says(stays, true)
			h.moves(stays)
			h.pass(stays / 2)
			h.tries("w2", 8)
		}},
		"once more": {"w1 begins with p1", func(h *hospital) {
			h.says(stays, false)
			h.pass(2 * stays)
			h.tries("w1", 7)
			h.says(stays, false)
			h.pass(stays / 2)
			h.tries("w1", 7)
		}},
		"not handed on": {"step 8 grants p1 to worker-1", func(h *hospital) {
			h.says(stays, true)
			h.moves()
		}},
		"forgotten without an owner": {"step 9 grants p1 to worker-1", func(h *hospital) {
			h.says(stays, true)
			head, asg := table(8, nil, []partition.Grant{grant("p2", 7)})
			head.Unowned = []partition.Unowned{{Partition: "p1"}}
			head.Poison = []partition.Poison{{Partition: "p1", Left: stays}}
			head.Freed = []partition.Freed{{Partition: "p1", Session: "s-worker-0", Token: 7, By: partition.FreedByRelease, Revision: h.revision}}
			h.head("w2", head, asg)
			h.sound()
			head, asg = table(9, nil, []partition.Grant{grant("p1", 9), grant("p2", 7)})
			h.head("w2", head, asg)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHospital(t)
			c.do(h)
			h.broken("I12", c.word)
		})
	}
}

// overQuarantines are quarantines that are over.
var overQuarantines = map[string]func(h *hospital){
	"by themselves": func(h *hospital) {
		h.says(stays, false)
		h.pass(2 * stays)
		h.tries("w1", 7)
	},
	"by themselves, when the latest record spoke of what was two leases before it": func(h *hospital) {
		h.says(2*lease, false)
		h.tries("w1", 7)
	},
	"by themselves, at the next one": func(h *hospital) {
		h.says(stays/2, true)
		h.moves(stays / 2)
		h.pass(stays)
		h.tries("w2", 8)
	},
	"because somebody says so, and an older word is on its way": func(h *hospital) {
		h.says(stays, false)
		h.c.Releases("w1", "p1")
		h.says(stays, false)
		h.tries("w1", 7)
	},
	"each time that it has failed too often": func(h *hospital) {
		for range 6 {
			h.tries("w1", 7)
			h.fails("w1", 7)
			h.pass(time.Second)
			h.tries("w1", 7)
			h.fails("w1", 7)
			h.pass(2 * stays)
		}
	},
	"by the clock of the next one, which stood still when it was granted": func(h *hospital) {
		h.says(stays/4, true)
		h.c.Halts("w2")
		h.lanes["w2"].Pause()
		h.pass(stays / 2)
		h.moves(stays / 4)
		h.c.people["w2"].clock.stood(stays / 2)
		h.c.Suspended("w2")
		h.c.Resumes("w2")
		h.lanes["w2"].Resume(h.line)
		h.pass(stays / 4)
		h.tries("w2", 8)
	},
	"because somebody says so, where it works on without a lease": func(h *hospital) {
		for range 2 {
			for range 3 {
				h.tries("w1", 7)
				h.fails("w1", 7)
			}
			h.c.Releases("w1", "p1")
		}
		h.tries("w1", 7)
	},
	"as a record says": func(h *hospital) {
		h.says(stays, false)
		h.says(0, true)
		h.moves()
		h.tries("w2", 8)
	},
	"with a build that knows nothing of them": func(h *hospital) {
		h.c.ward.unaware = true
		h.says(stays, true)
		h.moves()
		h.tries("w2", 8)
	},
}

func TestQuarantinesThatEnd(t *testing.T) {
	for name, do := range overQuarantines {
		t.Run(name, func(t *testing.T) {
			h := newHospital(t)
			do(h)
			h.sound()
		})
	}
}
