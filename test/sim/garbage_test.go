package sim

import (
	"fmt"
	"slices"
	"strings"
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
	c.c.Committed(Commit{By: Vandal, Incarnation: "A"}, []Written{{Key: key, Revision: c.revision}})
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
	spoils := func(key messages.Key) func(*courtroom) { return func(c *courtroom) { c.spoils(key) } }
	expires := func(key string) func(*courtroom) {
		return func(c *courtroom) { c.c.Expired([]string{"$KV.sim.A." + key}) }
	}
	for name, v := range map[string]struct {
		happens func(*courtroom)
		between bool // there is another head before the next term
		term    bool
		sound   bool
	}{
		"the head":                           {spoils(messages.KeyHead), false, false, true},
		"an assignment":                      {spoils(messages.KeyAssignment("worker-0")), false, false, false},
		"an assignment, of a term before":    {spoils(messages.KeyAssignment("worker-0")), false, true, true},
		"an assignment that nobody reads":    {spoils(messages.KeyAssignment("worker-7")), false, true, false},
		"somebody's record":                  {spoils(messages.KeyLive("worker-7")), false, false, false},
		"the term":                           {spoils(messages.KeyTerm), false, true, false},
		"the term, and nobody has another":   {spoils(messages.KeyTerm), false, false, false},
		"a lead, which is nobody's evidence": {spoils(messages.KeyLead), false, false, false},
		"the head expires":                   {expires("head.0"), false, false, true},
		"an assignment expires":              {expires("asg.worker-0.0"), false, false, false},
		"an assignment of a term before":     {expires("asg.worker-0.0"), false, true, true},
		"an assignment, and the term lasts":  {expires("asg.worker-0.0"), true, false, false},
		"an assignment, and the term ends":   {expires("asg.worker-0.0"), true, true, true},
		"an assignment that is written anew": {expires("asg.worker-1.0"), true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCourtroom(t)
			c.freed = partition.Freed{}
			c.trialWith(func() {
				v.happens(c)
				if v.between {
					c.writesTheOther()
				}
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

// writesTheOther publishes a step that writes the assignment of worker-1 alone.
func (c *courtroom) writesTheOther() {
	h, asg := c.held()
	h.Step, h.Seats[1].Step, h.Seats[1].Refresh, c.last = 8, 8, 2, 9
	a := asg["worker-1"]
	a.Step = 8
	c.commit("w2", Written{Key: messages.KeyHead, Record: h}, Written{Key: messages.KeyAssignment("worker-1"), Record: a})
	c.sound()
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
	var reader Reader
	w.Store.Observe(func(c Commit) {
		if c.By == Vandal {
			require.Condition(t, func() bool {
				read := reader.Read(c)
				return len(read) == 0 || read[0].Record == nil
			})
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

// A part that a record does not have is nothing, and its base is a part of it.
func TestReader_WhoseBaseIsSpoilt(t *testing.T) {
	list := make([]partition.Partition, 40)
	for i := range list {
		list[i] = partition.Of(fmt.Sprintf("%d-%s", i, strings.Repeat("x", 200)))
	}
	w := NewWorld(Config{Seed: 1, Settings: partition.Fast(), Partitions: list})
	defer w.Close()
	var reader Reader
	var read []Written
	w.Store.Observe(func(c Commit) { read = reader.Read(c) })
	for _, name := range []string{"w1", "w2", "w3"} {
		w.Start(name, Habits{})
	}
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(w.Check.Unowned()) == 0 }), w.Broken(60))
	stored := func(ending string) bridge.Sight {
		all := w.Store.Present("KV_"+Group, ">")
		i := slices.IndexFunc(all, func(s bridge.Sight) bool { return strings.HasSuffix(s.Subject, ending) })
		require.GreaterOrEqual(t, i, 0, ending)
		return all[i]
	}
	spoil := func(whole string, part string, data []byte) []Written {
		subject := strings.TrimSuffix(stored(whole+".0").Subject, "0") + part
		w.Store.Publish(Vandal, w.Timeline.Now(), []bridge.Message{{Subject: subject, Data: data}})
		return read
	}
	garbage, change, base := []byte("\xff is no record"), stored("asg.worker-0.0").Data, stored("asg.worker-1.1").Data
	require.Empty(t, spoil("head", "1", garbage))
	require.Empty(t, spoil("head", "1", base))
	for _, spoilt := range [][]Written{spoil("asg.worker-0", "1", garbage), spoil("asg.worker-0", "1", base)} {
		require.Len(t, spoilt, 1)
		require.Equal(t, messages.KeyAssignment("worker-0"), spoilt[0].Key)
		require.Nil(t, spoilt[0].Record)
	}
	spoilt := spoil("head", "0", change) // of a base that a head does not have
	require.Len(t, spoilt, 1)
	require.Equal(t, messages.KeyHead, spoilt[0].Key)
	require.Nil(t, spoilt[0].Record)
}
