package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// forgetful is a store that has lost what came after the head of step 7. What worker-1 was
// granted by step 8, w2 works on.
func forgetful(t *testing.T) (a *affair, left []Written) {
	a, left = forgets(t)
	require.True(t, a.c.Lost(left), "somebody works on it")
	return a, left
}

// forgets is that store before it loses what it will, and what it will have left.
func forgets(t *testing.T) (a *affair, left []Written) {
	a = newAffair(t)
	a.c.lapse.notice = time.Second
	for i, by := range []string{"w1", "w2"} {
		id := partition.WorkerIDAt("worker", i)
		a.commit(by, alive(id, partition.Live{Session: partition.SessionID("s-" + id), Applied: 7}))
	}
	h, asg := whole(7)
	left = []Written{{Key: messages.KeyAssignment("worker-0"), Record: asg["worker-0"]}, {Key: messages.KeyAssignment("worker-1"), Record: asg["worker-1"]}, {Key: messages.KeyHead, Record: h}}
	a.head("w1", h, asg)
	a.c.Begins("w2", Handler, partition.Owned{ID: "p2", Token: 7})
	a.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Applied: 7, Released: true}))
	h, asg = whole(8)
	h.Freed = []partition.Freed{{Partition: "p1", Session: "s-worker-0", Token: 7, By: partition.FreedByRelease, Revision: a.revision}}
	asg["worker-0"] = partition.Assignment{Step: 8, Session: "s-worker-0"}
	asg["worker-1"] = partition.Assignment{Step: 8, Session: "s-worker-1", Owned: []partition.Grant{grant("p1", 8), grant("p2", 7)}}
	a.head("w1", h, asg)
	a.c.Begins("w2", Handler, partition.Owned{ID: "p1", Token: 8})
	a.sound()
	return a, left
}

// What the store has lost may have two owners until all is known again; all else may not.
func TestWhatIsLostMayHaveTwoOwners(t *testing.T) {
	a, _ := forgetful(t)
	a.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Claim: 1, Applied: 7}))
	a.c.Begins("w1", Handler, partition.Owned{ID: "p1", Token: 9})
	a.c.Begins("w2", Listener, partition.Owned{ID: "p1", Token: 8})
	a.sound()
	a.c.Recalls()
	a.broken("I4", "p1")

	a, _ = forgetful(t)
	a.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Claim: 1, Applied: 7}))
	a.c.Begins("w1", Handler, partition.Owned{ID: "p2", Token: 9})
	a.broken("I4", "p2")
}

// Who owns a partition still, by what the store has left, begins with it again under the token
// that it had, although somebody began with it under a later one, which is lost.
func TestWhatIsLeftGoesOnUnderItsToken(t *testing.T) {
	for token, fails := range map[partition.Token]bool{7: false, 6: true} {
		a, _ := forgetful(t)
		a.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Claim: 1, Applied: 7}))
		a.c.Begins("w1", Handler, partition.Owned{ID: "p1", Token: token})
		if fails {
			a.broken("I4", "w1 begins with p1 under token 6; w1 had token 7")
		} else {
			a.sound()
		}
	}
}

// Who has applied a step that is lost acknowledges with it another one of the same number, but
// none that is later.
func TestALostStepMayPassForAnother(t *testing.T) {
	for step, fails := range map[partition.Step]bool{8: false, 9: true} {
		a, _ := forgetful(t)
		a.commit("w1", alive("worker-0", partition.Live{Session: "s-worker-0", Claim: 1, Applied: 7}))
		h, asg := whole(7)
		h.Step, h.Seats[1].Step = step, step
		asg["worker-1"] = partition.Assignment{Step: step, Session: "s-worker-1", Revoking: []partition.Revoke{{Partition: "p2", Token: 7, Step: step}}}
		delete(asg, "worker-0")
		a.head("w1", h, asg)
		a.commit("w2", alive("worker-1", partition.Live{Session: "s-worker-1", Claim: 2, Applied: step}))
		h.Step, h.Seats[0].Step, h.Seats[1].Step = 10, 10, 10
		h.Freed = []partition.Freed{{Partition: "p2", Session: "s-worker-1", Token: 7, By: partition.FreedByAck, Revision: a.revision}}
		asg["worker-0"] = partition.Assignment{Step: 10, Session: "s-worker-0", Owned: []partition.Grant{grant("p1", 7), grant("p2", 10)}}
		asg["worker-1"] = partition.Assignment{Step: 10, Session: "s-worker-1"}
		a.head("w1", h, asg)
		a.sound()
		a.c.Begins("w1", Handler, partition.Owned{ID: "p2", Token: 10})
		if fails {
			a.broken("I4", "p2")
		} else {
			a.sound()
		}
	}
}

// A leader may not have heard yet of who has applied more than its table knows. Later it
// grants nothing, unless nobody else can have anything.
func TestNothingIsGrantedByATableThatWasOutrun(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		live  partition.Live
		fails bool
	}{
		"at once":                      {time.Second, partition.Live{Session: "s-worker-1", Applied: 8}, false},
		"later":                        {time.Second + 1, partition.Live{Session: "s-worker-1", Applied: 8}, true},
		"nothing was applied":          {time.Hour, partition.Live{Session: "s-worker-1", Applied: 7}, false},
		"its session is fenced":        {time.Hour, partition.Live{Session: "s-worker-1", Applied: 8, Fence: &partition.Fence{}}, false},
		"another session, with a step": {time.Hour, partition.Live{Session: "another", Applied: 8}, true},
		"another session":              {time.Hour, partition.Live{Session: "another", Applied: 7}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := forgetful(t)
			a.commit("w2", alive("worker-1", c.live))
			a.pass(c.after)
			a.c.broken = nil // who had the partitions is not what this is about
			a.head2(9)
			found := false
			for _, v := range a.c.Broken() {
				found = found || v.Invariant == "I2"
			}
			require.Equal(t, c.fails, found, "%v", a.c.Broken())
		})
	}
}

// head2 is a head that grants p1 to worker-0 again.
func (a *affair) head2(step partition.Step) {
	h, asg := whole(7)
	h.Step, h.Seats[0].Step = step, step
	asg["worker-0"] = partition.Assignment{Step: step, Session: "s-worker-0", Owned: []partition.Grant{grant("p1", partition.Token(step))}}
	delete(asg, "worker-1")
	a.head("w1", h, asg)
}

// The store goes back to a table of which an assignment could not be read: the next term cannot
// know who had what. One that knows it, or can read all of it, needs evidence.
func TestEvidenceOfATableThatTheStoreWentBackTo(t *testing.T) {
	spoilt := func(w Written) []Written { return []Written{{Key: w.Key}} }
	expired := func(Written) []Written { return nil }
	readable := func(w Written) []Written { return []Written{w} }
	for name, c := range map[string]struct {
		left   func(Written) []Written // of worker-1's assignment
		spoils bool                    // but that is lost
		term   bool
		fails  bool
	}{
		"spoilt before":                     {spoilt, false, true, false},
		"expired before":                    {expired, false, true, false},
		"spoilt before, and the term lasts": {spoilt, false, false, true},
		"whole":                             {readable, false, true, true},
		"spoilt after, which is lost":       {readable, true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			a, left := forgets(t)
			if c.spoils {
				a.commit(Vandal, Written{Key: messages.KeyAssignment("worker-1")})
			}
			a.c.Lost(slices.Concat(left[:1], c.left(left[1]), left[2:]))
			h, asg := whole(9) // all is granted anew
			if c.term {
				a.commit("w1", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-0", Session: "s-worker-0"}})
				h.Term = a.revision
			}
			a.head("w1", h, asg)
			if c.fails {
				a.broken("I11", "takes p1 from worker-0: no evidence")
			} else {
				a.sound()
			}
		})
	}
}

// The store goes back to what it had before the first of the batches that are lost.
func TestLose(t *testing.T) {
	w := NewWorld(Config{Settings: partition.Fast(), Partitions: []partition.Partition{partition.Of("p1")}})
	defer w.Close()
	w.Lose(1, 0, nil) // there is no stream
	require.Nil(t, w.losing)
	w.Store.Create(bridge.StreamConfig{Name: "KV_" + Group, Subjects: []string{"$KV." + Group + ".>"}, Incarnation: "A", AllowAtomic: true, MaxBytes: -1})
	put := func(keys ...string) uint64 {
		var batch []bridge.Message
		for _, key := range keys {
			batch = append(batch, bridge.Message{Subject: "$KV." + Group + ".A." + key, Data: []byte("x")})
		}
		r := w.Store.Publish(Vandal, 0, batch)
		require.Equal(t, bridge.Accepted, r.Outcome)
		return r.Sequence
	}
	last := func() uint64 { return w.Store.streams["KV_"+Group].last }
	put("live.worker-0")
	lost := 0
	loses := func(batches int) {
		w.Lose(batches, time.Millisecond, func() { lost++ })
	}
	loses(2)
	loses(1) // at once is one enough
	put("live.worker-0")
	put("journal.1", "head.0")
	put("live.worker-0")
	put("journal.2", "head.0")
	put("live.worker-0")
	require.EqualValues(t, 8, last())
	w.Run(time.Second)
	require.Equal(t, 1, lost)
	require.EqualValues(t, 2, last())

	loses(1)
	put("journal.1", "head.0")
	w.Keep()
	w.Run(time.Second)
	require.EqualValues(t, 4, last())

	loses(1)
	put("journal.1", "head.0")
	w.Store.Delete("KV_"+Group, 0)
	w.Run(time.Second)
	require.Equal(t, 1, lost, "it is another one")
}
