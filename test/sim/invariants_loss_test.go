package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// One head may land in an older copy of the store before its leader knows; who writes a
// second one trusts in it.
func TestGrantsInAnOlderCopy(t *testing.T) {
	a := newAffair(t)
	h, asg := whole(7)
	a.head("w1", h, asg)
	a.c.WentBack()
	for i, by := range []string{"w1", "w2"} {
		h, asg = whole(partition.Step(8 + i))
		a.head(by, h, asg)
		a.sound()
	}
	h, asg = whole(10)
	a.head("w1", h, asg)
	a.broken("I2", "w1 goes on granting")
}

// Who began since an older copy took the store's place may trust in it, until it is marked.
// The mark may be written over.
func TestGrantsInAMarkedCopy(t *testing.T) {
	begin := func(t *testing.T) (a *affair, grant, mark func(string)) {
		a = newAffair(t)
		h, asg := whole(7)
		a.head("w1", h, asg)
		a.c.WentBack()
		a.c.Joins("w9", a.c.people["w1"].clock, a.c.people["w1"].lane)
		step := partition.Step(8)
		grant = func(by string) {
			h, asg := whole(step)
			a.head(by, h, asg)
			step++
		}
		mark = func(lost string) {
			a.commit("w2", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-9", Session: "n", Nonce: "n", Lost: lost}})
		}
		grant("w9")
		grant("w9")
		a.sound()
		return a, grant, mark
	}
	a, grant, mark := begin(t)
	require.False(t, a.c.Marked())
	mark("it is older")
	require.True(t, a.c.Marked())
	a.sound()
	a.commit(Vandal, Written{Key: messages.KeyTerm})
	require.False(t, a.c.Marked())
	grant("w9")
	mark("it is older")
	a.sound()
	grant("w9")
	a.broken("I2", "w9 grants in an older copy that is marked")

	a, _, mark = begin(t)
	mark("it is older")
	mark("")
	a.broken("I1", "w2 leads in an older copy that is marked")

	a, grant, mark = begin(t) // a mark may expire: whoever leads before it is there again cannot know
	mark("it is older")
	a.c.Expired([]string{"$KV.sim." + a.c.book.incarnation + ".live.worker-0"})
	require.True(t, a.c.Marked())
	a.c.Expired([]string{"$KV.sim." + a.c.book.incarnation + ".term.0"})
	require.False(t, a.c.Marked())
	mark("")
	grant("w9")
	mark("it is older")
	a.sound()
	mark("")
	a.broken("I1", "w2 leads in an older copy that is marked")

	a = newAffair(t)
	a.commit("w2", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-9", Session: "n", Nonce: "n", Lost: "it is older"}})
	a.broken("I1", "w2 marks a store that did not go back: it is older")
}
