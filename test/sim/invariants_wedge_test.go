package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// What is on its way while nothing is broken comes to an end in time, or the leader says why
// not: whatever keeps it there.
func TestWhatIsOnItsWayForTooLong(t *testing.T) {
	revoking := func(c *courtroom) {
		h, asg := c.held()
		c.head("w2", h, asg)
	}
	says := func(process, reason string) func(c *courtroom) {
		return func(c *courtroom) {
			revoking(c)
			c.c.wedge.says(process, false, reason)
		}
	}
	for name, x := range map[string]struct {
		happens func(c *courtroom)
		word    string // of what is broken; empty if nothing is
	}{
		"nothing":        {func(*courtroom) {}, ""},
		"revoked":        {revoking, "p1 is on its way for 12.001s, while nothing is broken for 10.001s; w2 leads and says nothing of it"},
		"to get":         {func(c *courtroom) { c.told("p1") }, "p1 is on its way"},
		"without owner":  {func(c *courtroom) { c.unowned("p1") }, "p1 is on its way"},
		"without a head": {func(c *courtroom) { c.c.Committed(Commit{By: "w2", Incarnation: "B"}, nil) }, "everything is on its way"},
		"while something is broken": {func(c *courtroom) {
			revoking(c)
			c.c.Stirs()
		}, ""},
		"said to be so":                  {says("w2", "the handler of p1 does not stop"), ""},
		"said to be so without a reason": {says("w2", ""), "says nothing of it"},
		"said by another":                {says("w1", "no store"), "says nothing of it"},
		"from one to the other": {func(c *courtroom) {
			revoking(c)
			c.unowned("p1")
			c.told("p1")
		}, "p1 is on its way for 12.001s"},
	} {
		t.Run(name, func(t *testing.T) { waysFor(t, x.happens, x.word) })
	}
}

// waysFor lets something happen, and the bound of what is on its way pass, which is 10 s from
// 2 s later on. I10 is broken with this word then, not before.
func waysFor(t *testing.T, happens func(c *courtroom), word string) {
	const bound = 10 * time.Second
	c := newCourtroom(t)
	c.commit("w2", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-1", Session: "s-worker-1"}})
	c.commit("w1", alive("worker-0", c.before))
	c.commit("w2", alive("worker-1", partition.Live{Session: "s-worker-1"}))
	h, asg := whole(6)
	h.Term = 1
	c.head("w2", h, asg)
	c.c.Calm(bound)
	happens(c)
	quiet := func() {
		c.c.stuck()
		for _, v := range c.c.Broken() {
			require.NotEqual(t, "I10", v.Invariant, v)
		}
	}
	c.pass(2 * time.Second)
	if c.c.wedge.bound > 0 {
		c.c.Calm(bound) // all is well since then only
	}
	c.pass(bound)
	quiet()
	c.pass(time.Millisecond)
	if word == "" {
		quiet()
		return
	}
	c.c.stuck()
	c.broken("I10", word)
}

// told lets a head say that worker-1 is to get this.
func (c *courtroom) told(id partition.PartitionID) {
	h, asg := c.held()
	x := asg["worker-1"]
	x.Pending = []partition.PartitionID{id}
	asg["worker-0"], asg["worker-1"] = partition.Assignment{Step: 7, Session: "s-worker-0", Owned: []partition.Grant{grant(id, 6)}}, x
	c.head("w2", h, asg)
}

// unowned lets a head say that nobody has this.
func (c *courtroom) unowned(id partition.PartitionID) {
	h, asg := c.held()
	asg["worker-0"] = partition.Assignment{Step: 7, Session: "s-worker-0"}
	h.Unowned = []partition.Unowned{{Partition: id}}
	c.head("w2", h, asg)
}
