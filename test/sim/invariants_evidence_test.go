package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// courtroom is an affair in which p1 goes from worker-0 to worker-1. Its parts are
// in the order in which the store accepts them; each may be changed.
type courtroom struct {
	*affair
	// before is worker-0's record when p1 is taken away, shows what it says after.
	before, shows partition.Live
	// with is written in the same publish as the grant.
	with []Written
	// wait passes between the evidence and the grant.
	wait  time.Duration
	freed partition.Freed
	// revoked in step 7, or owned until step 8.
	revoked bool
	// headTerm is the term that the last head names, and last its step.
	headTerm partition.Revision
	last     partition.Step
}

func newCourtroom(t *testing.T) *courtroom {
	c := &courtroom{
		affair: newAffair(t), before: partition.Live{Session: "s-worker-0"}, revoked: true, headTerm: 1, last: 8,
		shows: partition.Live{Session: "s-worker-0", Claim: 2, Applied: 7},
		freed: partition.Freed{Partition: "p1", Session: "s-worker-0", Token: 6, By: partition.FreedByAck, Revision: 13},
	}
	c.c.rest.other = true // it is not asked why anything moves
	return c
}

// held has what both workers are assigned in step 7.
func (c *courtroom) held() (partition.Head, map[partition.WorkerID]partition.Assignment) {
	h, asg := table(7, nil, []partition.Grant{grant("p2", 6)})
	h.Term = 1
	h.Seats[1].Refresh = 1 // it may be the only news
	x := asg["worker-0"]
	if c.revoked {
		x.Revoking = []partition.Revoke{{Partition: "p1", Token: 6, Step: 7}}
	} else {
		x.Owned = []partition.Grant{grant("p1", 6)}
	}
	asg["worker-0"] = x
	return h, asg
}

// trial lets everything happen. The revisions: 1 the term, 2 and 3 the claims, 4 to
// 9 two heads with two assignments each, 10 to 12 nothing, 13 the evidence.
func (c *courtroom) trial() { c.trialWith(func() {}, c.wait) }

// trialWith lets something happen before the grant, which comes a while after it.
func (c *courtroom) trialWith(meanwhile func(), wait time.Duration) {
	c.commit("w2", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-1", Session: "s-worker-1"}})
	c.commit("w1", alive("worker-0", c.before))
	c.commit("w2", alive("worker-1", partition.Live{Session: "s-worker-1"}))
	h, asg := table(6, []partition.Grant{grant("p1", 6)}, []partition.Grant{grant("p2", 6)})
	h.Term = 1
	c.head("w2", h, asg)
	h, asg = c.held()
	c.head("w2", h, asg)
	c.revision = 12
	if c.shows.Session != "" {
		c.commit("w1", alive("worker-0", c.shows))
	}
	meanwhile()
	c.pass(wait)
	h, asg = table(c.last, nil, []partition.Grant{grant("p1", partition.Token(c.last)), grant("p2", 6)})
	h.Term, h.Freed = c.headTerm, []partition.Freed{c.freed}
	writes := append([]Written{{Key: messages.KeyHead, Record: h}}, c.with...)
	for id, a := range asg {
		writes = append(writes, Written{Key: messages.KeyAssignment(id), Record: a})
	}
	c.commit("w2", writes...)
}

func silence(of partition.Live) Written {
	of.Claim = 2 // what the claim could not name
	of.Fence = &partition.Fence{Term: 1, AfterSilence: true}
	return alive("worker-0", of)
}

func TestEvidence(t *testing.T) {
	written := []partition.Abandoned{{Partition: "p1", Token: 6, Step: 7}}
	for name, change := range map[string]func(c *courtroom){
		"acknowledged": func(*courtroom) {},
		"released": func(c *courtroom) {
			c.shows.Released, c.freed.By, c.revoked = true, partition.FreedByRelease, false
		},
		"replaced long ago": func(c *courtroom) {
			c.before.InstanceKey = "key"
			c.shows, c.wait = partition.Live{Session: "new", Predecessor: "s-worker-0", InstanceKey: "key"}, lease
			c.freed.By = partition.FreedByReplacement
		},
		"replaced after a release": func(c *courtroom) {
			c.before.Released = true
			c.shows = partition.Live{Session: "new", Predecessor: "s-worker-0", PredecessorReleased: true}
			c.freed.By = partition.FreedByReplacement
		},
		"written off long ago": func(c *courtroom) {
			c.shows.Abandoned, c.wait, c.freed.By = written, lease, partition.FreedByAbandonment
		},
		"fenced with the grant": func(c *courtroom) {
			c.shows, c.wait, c.revoked = partition.Live{}, lease, false
			c.with = []Written{silence(c.before)}
			c.freed.By, c.freed.Revision = partition.FreedByFence, 2
		},
		"fenced while it lived": func(c *courtroom) {
			c.before.Applied = 6
			c.shows, c.wait = c.before, lease
			c.shows.Claim, c.shows.Fence = 2, &partition.Fence{Term: 1}
			c.freed.By = partition.FreedByFence
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourtroom(t)
			change(c)
			c.trial()
			c.sound()
			require.Equal(t, 1, c.c.Moves())
		})
	}
}

func TestEvidenceThatTheRecordDoesNotShow(t *testing.T) {
	for name, change := range map[string]func(c *courtroom){
		"older than the revoke": func(c *courtroom) { c.freed.Revision = 2 },
		"of an earlier step":    func(c *courtroom) { c.shows.Applied = 6 },
		"still held":            func(c *courtroom) { c.shows.Held = []partition.PartitionID{"p1"} },
		"never revoked":         func(c *courtroom) { c.revoked = false },
		"not released":          func(c *courtroom) { c.freed.By = partition.FreedByRelease },
		"not replaced":          func(c *courtroom) { c.freed.By = partition.FreedByReplacement },
		"not fenced":            func(c *courtroom) { c.freed.By = partition.FreedByFence },
		"not written off":       func(c *courtroom) { c.freed.By = partition.FreedByAbandonment },
		"replaced just now": func(c *courtroom) {
			c.shows, c.wait = partition.Live{Session: "new", Predecessor: "s-worker-0"}, lease-1
			c.freed.By = partition.FreedByReplacement
		},
		"written off just now": func(c *courtroom) {
			c.shows.Abandoned = []partition.Abandoned{{Partition: "p1", Token: 6, Step: 7}}
			c.wait, c.freed.By = lease-1, partition.FreedByAbandonment
		},
		"fenced just now": func(c *courtroom) {
			c.shows, c.wait = c.before, lease-1
			c.shows.Claim, c.shows.Fence = 2, &partition.Fence{Term: 1}
			c.freed.By = partition.FreedByFence
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourtroom(t)
			change(c)
			c.trial()
			c.broken("I11", "not what the record shows")
		})
	}
}

// A session is not replaced by the one that it came after.
func TestEvidenceOfASessionBefore(t *testing.T) {
	c := newCourtroom(t)
	c.commit("w0", alive("worker-0", partition.Live{Session: "before"}))
	c.pass(lease)
	c.revision = 0
	c.before.Predecessor = "before"
	c.freed.By, c.freed.Revision = partition.FreedByReplacement, 1
	c.trial()
	c.broken("I11", "not what the record shows")
}

func TestEvidenceViolations(t *testing.T) {
	for name, v := range map[string]struct {
		invariant, word string
		change          func(c *courtroom)
	}{
		"none":               {"I11", "no evidence", func(c *courtroom) { c.freed = partition.Freed{} }},
		"of another session": {"I11", "no evidence", func(c *courtroom) { c.freed.Session = "s-worker-1" }},
		"of another token":   {"I11", "no evidence", func(c *courtroom) { c.freed.Token = 5 }},
		"of another worker":  {"I11", "no record of that worker", func(c *courtroom) { c.freed.Revision = 3 }},
		"from the future":    {"I11", "no record of that worker", func(c *courtroom) { c.freed.Revision = 99 }},
		"fenced too early": {"I4", "fenced after silence of", func(c *courtroom) {
			c.shows, c.wait = partition.Live{}, lease-1
			c.with = []Written{silence(c.before)}
			c.freed.By, c.freed.Revision = partition.FreedByFence, 2
		}},
		"fenced out of nothing": {"I11", "has no record", func(c *courtroom) {
			c.with = []Written{alive("worker-2", partition.Live{Session: "x", Fence: &partition.Fence{AfterSilence: true}})}
		}},
		"a fence that forgets": {"I11", "changes what its record said", func(c *courtroom) {
			c.before.Held = []partition.PartitionID{"p2"}
			c.shows = partition.Live{Session: "s-worker-0", Claim: 2, Fence: &partition.Fence{Term: 1}}
		}},
		"a fence that forgets the key": {"I11", "changes what its record said", func(c *courtroom) {
			c.before.InstanceKey = "key"
			c.shows = partition.Live{Session: "s-worker-0", Claim: 2, Fence: &partition.Fence{Term: 1}}
		}},
		"a fence that names another claim": {"I11", "changes what its record said", func(c *courtroom) {
			c.shows = partition.Live{Session: "s-worker-0", Claim: 1, Fence: &partition.Fence{Term: 1}}
		}},
		"a claim that lies": {"I11", "is claimed after session", func(c *courtroom) {
			c.shows = partition.Live{Session: "new", Predecessor: "s-worker-0", PredecessorReleased: true}
			c.freed.By = partition.FreedByReplacement
		}},
		"a claim that forgets": {"I11", "is claimed after session", func(c *courtroom) {
			c.shows, c.wait = partition.Live{Session: "new"}, lease
			c.freed.By = partition.FreedByReplacement
		}},
		"an older term": {"I1", "term 0 is accepted in term 1", func(c *courtroom) { c.headTerm = 0 }},
		"a lead of another": {"I1", "in the term 1 of worker-1", func(c *courtroom) {
			c.with = []Written{{Key: messages.KeyLead, Record: partition.Lead{Worker: "worker-0", Session: "s-worker-0", Beat: 9}}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourtroom(t)
			v.change(c)
			c.trial()
			c.broken(v.invariant, v.word)
		})
	}
}

func TestARevokeIsNotTakenBack(t *testing.T) {
	c := newCourtroom(t)
	c.trial()
	c.sound()
	h, asg := table(9, nil, []partition.Grant{grant("p2", 6)})
	asg["worker-1"] = partition.Assignment{
		Step: 9, Session: "s-worker-1", Owned: []partition.Grant{grant("p2", 6)},
		Revoking: []partition.Revoke{{Partition: "p1", Token: 8, Step: 9}},
	}
	h.Term = 1
	c.head("w2", h, asg)
	c.sound()
	h, asg = table(10, nil, []partition.Grant{grant("p1", 8), grant("p2", 6)})
	h.Term = 1
	c.head("w2", h, asg)
	c.broken("I11", "takes back")
}

func TestNobodyGetsWhatItHasWrittenOff(t *testing.T) {
	for name, before := range map[string][]partition.Abandoned{"free": nil, "written off": {{Partition: "p1", Token: 3}}} {
		t.Run(name, func(t *testing.T) {
			a := newAffair(t)
			a.c.rest.other = true
			a.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Abandoned: before}))
			h, asg := whole(6)
			h.Seats[0].Live = 1
			a.head("w2", h, asg)
			if before == nil {
				a.sound()
			} else {
				a.broken("I11", "grants p1 to worker-0")
			}
		})
	}
}

// A new incarnation knows nothing of the former one.
func TestEvidenceIsOfOneIncarnation(t *testing.T) {
	c := newCourtroom(t)
	c.trial()
	c.c.Committed(Commit{By: "w1", Incarnation: "B"}, []Written{alive("worker-0", partition.Live{Session: "next"})})
	h, asg := whole(9)
	c.c.Committed(Commit{By: "w1", Incarnation: "B"}, []Written{
		{Key: messages.KeyHead, Record: h},
		{Key: messages.KeyAssignment("worker-0"), Record: asg["worker-0"]},
		{Key: messages.KeyAssignment("worker-1"), Record: asg["worker-1"]},
	})
	c.sound()
}
