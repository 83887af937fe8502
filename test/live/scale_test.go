package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// No message is larger than this: a server takes 1 MiB by default.
const largest = 512 << 10

// wordy are partitions with names of this length.
func wordy(count, length int) (list []partition.Partition) {
	for i := range count {
		id := fmt.Sprintf("%04d-", i)
		list = append(list, partition.Of(id+strings.Repeat("x", length-len(id))))
	}
	return list
}

// Partitions whose names alone fill several messages. One worker has them all and lets
// go slowly: what a join takes from it comes in portions, of which its record can list
// each. When it stops and does not let go at all, its record cannot list what it wrote
// off: then the release is not written, and others wait for its lease. No message is
// ever too large.
//
// hazard 54
func TestScale_NoMessageIsTooLarge(t *testing.T) {
	beside(t)
	const count = 6000
	settings := patient()
	settings.DrainTimeout, settings.RevokeTimeout = time.Second, patience
	settings.StoreTimeout, settings.ShutdownTimeout = 5*time.Second, 12*time.Second // which leaves 2 s to let go
	g := newGroup(t, settings, 0)
	g.list = wordy(count, 245)
	c := g.count()
	first := g.start(1)[0]
	g.ledger.hold(first, true)
	second := g.join("second")
	g.ledger.await("the first one lists what it has not let go", func() bool {
		return len(g.ledger.pages[first].owed()) > 1000 && c.most("live.") > 200<<10
	})
	g.ledger.hold(first, false)
	first.system.Root.Send(first.ear, release{})
	g.atRest(first, second)
	c.hear()
	require.LessOrEqual(t, c.keys("journal."), 8, "portions, not partitions")

	g.ledger.hold(first, true)
	require.ErrorContains(t, first.stop(), "a subscriber has not let go")
	c.hear()
	for key, size := range map[string]int{"live.": c.most("live."), "anything": c.most("")} {
		require.LessOrEqual(t, size, largest, "a message of %s", key)
	}
	require.Greater(t, c.most("asg."), largest-4096, "assignments fill their messages")
}

// What a join writes goes with what moves: names when their owners are told, when they
// have let go, and when they are granted, all together or, on a slow machine, owner by
// owner. What the workers have besides is not written again.
func TestScale_BytesOfAJoin(t *testing.T) {
	beside(t)
	const count, givers = 3000, 9
	const moves = count / (givers + 1)
	g := newGroup(t, sturdy(), count)
	all := g.start(givers)
	c := g.count()
	all = append(all, g.join("tenth"))
	g.atRest(all...)
	c.hear()
	require.Less(t, c.bytes("asg."), 200*moves)
	require.Less(t, c.bytes("head"), 200*moves)
	require.Less(t, c.bytes("journal."), 150*moves)
	require.Less(t, c.most("live."), 2*moves, "heartbeats, as many as there is time for, name no partition")
}

// So it is where what one worker has takes several messages.
func TestScale_BytesOfAJoinOfTwo(t *testing.T) {
	beside(t)
	const count, name = 6000, 250
	g := newGroup(t, sturdy(), 0)
	g.list = wordy(count, name)
	first := g.start(1)[0]
	c := g.count()
	g.atRest(first, g.join("second"))
	c.hear()
	require.Less(t, c.bytes("asg."), 3*name*count/2)
	require.LessOrEqual(t, c.most(""), largest)
}
