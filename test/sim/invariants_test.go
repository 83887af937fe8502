package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// affair is a checker with two processes, and a store of which one only says what
// it accepted.
type affair struct {
	t         *testing.T
	line      *Timeline
	scheduler *Scheduler
	c         *Checker
	lanes     map[string]*Lane
	revision  partition.Revision
}

const lease = 4 * time.Second

func newAffair(t *testing.T) *affair {
	a := &affair{t: t, line: &Timeline{}, scheduler: NewScheduler(nil), lanes: map[string]*Lane{}}
	a.c = NewChecker(a.line)
	for name, rate := range map[string]Rate{"w1": SlowestRate, "w2": FastestRate} {
		a.lanes[name] = a.scheduler.Lane(name)
		a.c.Joins(name, NewClock(a.line, a.lanes[name], Epoch, rate), a.lanes[name])
	}
	a.c.Listed([]partition.PartitionID{"p1", "p2"})
	return a
}

func (a *affair) pass(d time.Duration) {
	limit := a.line.Now() + d
	for a.line.Advance(limit) {
	}
}

func (a *affair) commit(by string, writes ...Written) {
	for i := range writes {
		a.revision++
		writes[i].Revision = a.revision
	}
	a.c.Committed(Commit{At: a.line.Now(), Sent: a.line.Now(), By: by, Incarnation: "A"}, writes)
}

func alive(id partition.WorkerID, l partition.Live) Written {
	l.Lease = lease
	return Written{Key: messages.KeyLive(id), Record: l}
}

// broken demands exactly these violations: number and a word of what was seen.
func (a *affair) broken(invariant, word string) {
	a.t.Helper()
	require.NotEmpty(a.t, a.c.Broken(), "the checker let it pass")
	for _, v := range a.c.Broken() {
		if v.Invariant == invariant && strings.Contains(v.String(), word) {
			return
		}
	}
	a.t.Fatalf("%s with %q is not among %v", invariant, word, a.c.Broken())
}

func (a *affair) sound() {
	a.t.Helper()
	require.Empty(a.t, a.c.Broken())
}

// head writes a head with the assignments that it names.
func (a *affair) head(by string, h partition.Head, asg map[partition.WorkerID]partition.Assignment) {
	var writes []Written
	for _, s := range h.Seats {
		if x, ok := asg[s.Worker]; ok {
			writes = append(writes, Written{Key: messages.KeyAssignment(s.Worker), Record: x})
		}
	}
	a.commit(by, append([]Written{{Key: messages.KeyHead, Record: h}}, writes...)...)
}

func grant(id partition.PartitionID, token partition.Token) partition.Grant {
	return partition.Grant{Partition: id, Token: token}
}

// table is a head of one or two workers, who own p1 and p2.
func table(step partition.Step, owned ...[]partition.Grant) (partition.Head, map[partition.WorkerID]partition.Assignment) {
	h := partition.Head{Version: 1, Step: step, Term: 5}
	asg := map[partition.WorkerID]partition.Assignment{}
	for i, g := range owned {
		w := partition.WorkerIDAt("worker", i)
		s := partition.SessionID("s-" + string(w))
		h.Seats = append(h.Seats, partition.Seat{Worker: w, Session: s, Step: step})
		asg[w] = partition.Assignment{Step: step, Session: s, Owned: g}
	}
	return h, asg
}

func whole(step partition.Step) (partition.Head, map[partition.WorkerID]partition.Assignment) {
	return table(step, []partition.Grant{grant("p1", partition.Token(step))}, []partition.Grant{grant("p2", partition.Token(step))})
}

func TestHeadsInOrderAreSound(t *testing.T) {
	a := newAffair(t)
	h, asg := whole(7)
	a.head("w1", h, asg)
	a.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Released: true}))
	h, asg = whole(8)
	h.Freed = []partition.Freed{{Partition: "p1", Session: "s-worker-0", Token: 7, By: partition.FreedByRelease, Revision: a.revision}}
	asg["worker-0"] = partition.Assignment{Step: 8, Session: "s-worker-0"}
	asg["worker-1"] = partition.Assignment{Step: 8, Session: "s-worker-1", Owned: []partition.Grant{grant("p1", 8), grant("p2", 7)}}
	a.head("w1", h, asg)
	a.sound()
	require.Equal(t, 2, a.c.Heads())
	require.Equal(t, 1, a.c.Moves(), "first grants are none")
	require.Empty(t, a.c.Unowned())
}

func TestHeadViolations(t *testing.T) {
	for name, c := range map[string]struct {
		invariant, word string
		change          func(h *partition.Head, asg map[partition.WorkerID]partition.Assignment)
	}{
		"older term":    {"I1", "term 4", func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) { h.Term = 4 }},
		"same step":     {"I2", "step 7", func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) { h.Step = 7 }},
		"older version": {"I2", "version 0", func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) { h.Version = 0 }},
		"twice": {"I3", "p1 with", func(_ *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
			x := asg["worker-1"]
			x.Revoking = []partition.Revoke{{Partition: "p1", Token: 7}}
			asg["worker-1"] = x
		}},
		"missing": {"I3", "does not have p2", func(_ *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
			x := asg["worker-1"]
			x.Owned = nil
			asg["worker-1"] = x
		}},
		"unknown": {"I3", "p9", func(h *partition.Head, _ map[partition.WorkerID]partition.Assignment) {
			h.Unowned = []partition.Unowned{{Partition: "p9"}}
		}},
		"another assignment": {"I3", "names step 8", func(_ *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
			delete(asg, "worker-0")
		}},
		"old token": {"I4", "old token 7", func(_ *partition.Head, asg map[partition.WorkerID]partition.Assignment) {
			asg["worker-0"] = partition.Assignment{Step: 8, Session: "s-worker-0", Owned: []partition.Grant{grant("p2", 7)}}
			asg["worker-1"] = partition.Assignment{Step: 8, Session: "s-worker-1", Owned: []partition.Grant{grant("p1", 8)}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAffair(t)
			h, asg := whole(7)
			a.head("w1", h, asg)
			a.sound()
			h, asg = table(8, []partition.Grant{grant("p1", 7)}, []partition.Grant{grant("p2", 7)})
			c.change(&h, asg)
			a.head("w1", h, asg)
			a.broken(c.invariant, c.word)
		})
	}
}

// However often the source has changed, a head has all of one of its lists.
func TestHeadsOfAChangedSource(t *testing.T) {
	of := func(ids ...partition.PartitionID) (grants []partition.Grant) {
		for _, id := range ids {
			grants = append(grants, grant(id, 7))
		}
		return grants
	}
	for name, c := range map[string]struct {
		owned []partition.Grant
		word  string // of what is broken; empty if nothing is
	}{
		"the present list":     {of("p2", "p3"), ""},
		"the former list":      {of("p1", "p2"), ""},
		"both":                 {of("p1", "p2", "p3"), ""},
		"neither":              {of("p1", "p3"), "does not have p2"},
		"what is in both only": {of("p2"), "does not have p3"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAffair(t)
			a.c.Listed([]partition.PartitionID{"p2", "p3"})
			h, asg := table(7, c.owned)
			a.head("w1", h, asg)
			if c.word == "" {
				a.sound()
			} else {
				a.broken("I3", c.word)
			}
		})
	}
}

func TestClaimViolations(t *testing.T) {
	fence := &partition.Fence{Term: 3}
	for name, c := range map[string]struct {
		invariant, word string
		writes          func(a *affair)
	}{
		"renews after replacement": {"I7", "was replaced", func(a *affair) {
			a.commit("w1", alive("worker-0", partition.Live{Session: "a"}))
			a.commit("w2", alive("worker-0", partition.Live{Session: "b"}))
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Claim: 1}))
		}},
		"renews after release": {"I7", "had ended", func(a *affair) {
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Released: true}))
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Claim: 1}))
		}},
		"renews after a fence": {"I7", "had ended", func(a *affair) {
			a.commit("w1", alive("worker-0", partition.Live{Session: "a"}))
			a.commit("w2", alive("worker-0", partition.Live{Session: "a", Fence: fence}))
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Claim: 1}))
		}},
		"renews what is gone": {"I7", "its claim is gone", func(a *affair) {
			a.commit("w1", alive("worker-0", partition.Live{Session: "a"}))
			a.c.Expired([]string{"$KV.sim.A.live.worker-0"})
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Claim: 1}))
		}},
		"hides that it returns": {"I6", "does not say that it comes back", func(a *affair) {
			a.c.Drains("w2")
			a.c.Returns("w1")
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Draining: true}))
		}},
		"forgets that it has drained": {"I6", "w1 has drained, and takes part under worker-0", func(a *affair) {
			a.c.Drained("w1", true)
			a.commit("w1", alive("worker-0", partition.Live{Session: "a"})) // perhaps it was on its way
			a.sound()
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Claim: 1}))
		}},
		"two IDs": {"I7", "worker-0 and worker-1", func(a *affair) {
			a.commit("w1", alive("worker-0", partition.Live{Session: "a"}))
			a.commit("w1", alive("worker-1", partition.Live{Session: "a"}))
		}},
		"another process": {"I7", "session of w1", func(a *affair) {
			a.commit("w1", alive("worker-0", partition.Live{Session: "a"}))
			a.commit("w2", alive("worker-0", partition.Live{Session: "a", Claim: 1}))
		}},
		"applied goes back": {"I2", "applied step 6 after step 7", func(a *affair) {
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Applied: 7}))
			a.commit("w1", alive("worker-0", partition.Live{Session: "a", Claim: 1, Applied: 6}))
		}},
		"unreadable": {"I11", "cannot be read", func(a *affair) {
			a.commit("w1", Written{Key: "live.worker-0"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAffair(t)
			c.writes(a)
			a.broken(c.invariant, c.word)
		})
	}
}

func TestClaims(t *testing.T) {
	a := newAffair(t)
	a.commit("w1", alive("worker-10", partition.Live{Session: "a"}))
	a.commit("w2", alive("worker-9", partition.Live{Session: "b"}))
	require.Equal(t, []partition.WorkerID{"worker-9", "worker-10"}, a.c.Claimed())
	a.c.Drained("w2", true)
	a.commit("w2", alive("worker-9", partition.Live{Session: "b", Claim: 2, Draining: true}))
	a.commit("w2", alive("worker-9", partition.Live{Session: "b", Claim: 2, Draining: true}))
	a.c.Drained("w2", false)
	a.commit("w2", alive("worker-9", partition.Live{Session: "b", Claim: 2}))
	a.commit("w2", alive("worker-9", partition.Live{Session: "b", Claim: 2}))
	a.c.Drains("w1")
	a.c.Returns("w1")
	a.commit("w1", alive("worker-10", partition.Live{Session: "a", Draining: true})) // was on its way
	a.commit("w1", alive("worker-10", partition.Live{Session: "a", Draining: true, Restarting: true}))
	a.commit("w1", alive("worker-10", partition.Live{Session: "a", Restarting: true, Released: true}))
	a.commit("w1", alive("worker-9", partition.Live{Session: "b", Claim: 2, Fence: &partition.Fence{}}))
	require.Empty(t, a.c.Claimed())
	a.commit("w2", alive("worker-10", partition.Live{Session: "c", Predecessor: "a"}))
	require.Len(t, a.c.Claimed(), 1)
	a.pass(lease)
	a.commit("w3", alive("worker-10", partition.Live{Session: "d", Predecessor: "c", InstanceKey: "key"}))
	a.commit("w4", alive("worker-10", partition.Live{Session: "e", Predecessor: "d", InstanceKey: "key"}))
	a.sound()
	a.c.Left("w1", nil)
	a.sound()
	a.c.Left("w1", []string{"1 timer"})
	a.broken("I8", "1 timer")
	a.c.Lingers("w1", time.Minute)
	a.broken("I8", "w1 was asked to stop, and has not within 1m0s")
}
