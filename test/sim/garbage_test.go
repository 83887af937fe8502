package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// spoils writes nonsense over a record, as the next revision.
func (c *courtroom) spoils(key messages.Key) {
	c.revision++
	c.c.Committed(Commit{By: Vandal, Incarnation: "A", Messages: []bridge.Sight{{Subject: "$KV.g.A." + string(key)}}},
		[]Written{{Key: key, Revision: c.revision}})
}

// Whose record is spoilt cannot renew, and owns what it had until its lease is over.
func TestEvidenceThatIsSpoilt(t *testing.T) {
	for name, wait := range map[string]time.Duration{"long ago": lease, "just now": lease - 1} {
		t.Run(name, func(t *testing.T) {
			c := newCourtroom(t)
			c.shows = partition.Live{}
			c.freed.By, c.freed.Revision = partition.FreedByReplacement, 13
			c.trialWith(func() { c.spoils(messages.KeyLive("worker-0")) }, wait)
			if wait == lease {
				c.sound()
				require.Equal(t, []partition.WorkerID{"worker-1"}, c.c.Claimed())
				c.commit("w1", alive("worker-0", c.before))
				c.broken("I7", "after its session was replaced")
			} else {
				c.broken("I11", "not what the record shows")
			}
		})
	}
}

// Who cannot read the table has no evidence. Who has it in mind needs some.
func TestEvidenceOfATableThatIsSpoilt(t *testing.T) {
	for name, v := range map[string]struct {
		key   messages.Key
		term  bool
		sound bool
	}{
		"the head":                           {messages.KeyHead, false, true},
		"an assignment":                      {messages.KeyAssignment("worker-0"), false, false},
		"an assignment, of a term before":    {messages.KeyAssignment("worker-0"), true, true},
		"more than there is":                 {messages.KeyHead + more, false, false},
		"somebody's record":                  {messages.KeyLive("worker-7"), false, false},
		"the term":                           {messages.KeyTerm, true, false},
		"the term, and nobody has another":   {messages.KeyTerm, false, false},
		"a lead, which is nobody's evidence": {messages.KeyLead, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourtroom(t)
			c.freed = partition.Freed{}
			c.trialWith(func() {
				c.spoils(v.key)
				if v.term {
					c.commit("w2", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-1", Session: "s-worker-1"}})
					c.headTerm = c.revision
				}
			}, lease)
			if v.sound {
				c.sound()
			} else {
				require.NotEmpty(t, c.c.Broken())
			}
		})
	}
}

// Nothing that is written is a record, whatever it is made of.
func TestSpoil(t *testing.T) {
	list := []partition.Partition{partition.Of("a"), partition.Of("b"), partition.Of("c")}
	w := NewWorld(Config{Seed: 1, Settings: partition.Fast(), Partitions: list})
	defer w.Close()
	require.False(t, w.Spoil(), "there is no record")
	for _, name := range []string{"w1", "w2", "w3"} {
		w.Start(name, Habits{})
	}
	written := map[string]bool{}
	w.Store.Observe(func(c Commit) {
		if c.By == Vandal {
			require.Nil(t, Read(c)[0].Record)
			written[c.Messages[0].Subject] = true
		}
	})
	for range 100 {
		require.True(t, w.Run(w.Soon(2*time.Second)), w.Broken(60))
		require.True(t, w.Spoil())
	}
	require.True(t, w.Run(time.Minute), w.Broken(60))
	require.Greater(t, len(written), 8)
	require.Empty(t, w.Check.Unowned())
	require.Empty(t, w.Check.Idle())
}
