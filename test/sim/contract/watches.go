package contract

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// contractN9Restart: each server restarts in its turn. Nothing that was acknowledged
// is lost; a watch may go on, say that it is over, or be deaf: who asks anew knows.
func contractN9Restart(b *bench) {
	c := b.open()
	was := c.replace("live.w", "a")
	v := c.look("live.*").pass()
	v.has("live.w", was)
	moved := 0
	c.port.Listen(func(bridge.Signal) { moved++ })
	for n := range b.Nodes() {
		b.Stop(n)
		b.Start(n, false)
		b.Until("the connection is back", func() bool { return moved >= 2 })
		now := c.replace("live.w", "b")
		require.Greater(b, now, was)
		other := c.replace(fmt.Sprintf("live.x%d", n), "b")
		b.anew(c, map[string]uint64{"live.w": now, fmt.Sprintf("live.x%d", n): other})
		require.LessOrEqual(b, v.newest[b.at("live.w")].Sequence, now)
		was = now
	}
	v.Stop()
}

// contractN9Election: who watches while the leader of the stream changes hears of all
// that comes after, or that the watch is over.
func contractN9Election(b *bench) {
	c := b.open()
	v := c.look("live.*").pass()
	for range 2 {
		b.StepDown()
		now := c.replace("live.w", "a")
		b.anew(c, map[string]uint64{"live.w": now})
		b.Until("the watch tells it, or its end", func() bool {
			return v.ended != nil || v.newest[b.at("live.w")].Sequence == now
		})
	}
	v.Stop()
}

// anew begins watches until one tells all this: a copy that lags may tell the rest
// of it later.
func (b *bench) anew(c *client, want map[string]uint64) {
	b.Helper()
	var v *view
	b.Until("a new watch tells all", func() bool {
		if v == nil || v.ended != nil {
			b.Pause()
			v = c.look("live.*")
		}
		b.Pause()
		for name, sequence := range want {
			if v.newest[b.at(name)].Sequence != sequence {
				return false
			}
		}
		return v.synced
	})
	v.Stop()
}

func contractN9Recreated(b *bench) {
	c := b.open()
	for i := range uint64(5) {
		c.accept(b.put("live.w", "a", i))
	}
	old := c.look("*.w").pass()
	old.has("live.w", 5)
	b.Delete()
	b.settle()
	b.in = second
	next := b.Stream(second)
	b.join(0).insist(bridge.Op{Create: &next})
	now := c.replace("live.w", "b")
	v := c.look("*.w").pass()
	v.has("live.w", now)
	require.Len(b, old.newest, 1)
	require.EqualValues(b, 5, old.newest[b.Prefix(first)+"live.w"].Sequence, "nothing of the next incarnation")
	old.Stop()
	v.Stop()
}

func contractN10Pass(b *bench) {
	c := b.open()
	sequence := map[string]uint64{}
	write := func(name string) {
		sequence[name] = c.accept(b.put(name, "new", sequence[name]))
	}
	v := c.look("live.*").pass()
	require.Empty(b, v.newest)
	for _, name := range []string{"live.w0", "live.w1", "live.w2", "live.w0"} {
		write(name)
	}
	late := c.look("live.*").pass() // what exists may come from a copy that lags
	for _, w := range []*view{v, late} {
		for name, s := range sequence {
			w.has(name, s)
			require.Equal(b, "new", string(w.newest[b.at(name)].Data))
			require.False(b, w.newest[b.at(name)].Time.IsZero())
		}
		require.NoError(b, w.ended, "the end of what exists is not the end of the watch")
		w.Stop()
	}
}

func contractN10Nothing(b *bench) {
	v := b.open().look("live.*").pass()
	require.Empty(b, v.newest)
	require.Equal(b, 1, v.calls)
	v.Stop()
}

// contractN11Newest: a reader that is slow costs what its subjects cost, and sees
// no message that was replaced.
func contractN11Newest(b *bench) {
	c := b.open()
	slow, witness := c.look("live.*").pass(), c.look("live.*").pass()
	slow.hold = true
	sequence := map[string]uint64{}
	for i := range 30 {
		name := fmt.Sprintf("live.w%d", i%2)
		sequence[name] = c.accept(b.put(name, "x", sequence[name]))
	}
	for name, s := range sequence {
		witness.has(name, s)
	}
	calls := slow.calls
	require.LessOrEqual(b, calls, 2, "the first pass, and what came right after")
	slow.hold = false
	slow.Next()
	for name, s := range sequence {
		slow.has(name, s)
	}
	slow.Stop()
	witness.Stop()
}

// contractN16Filter: who watches a key hears of no other, so that the costs of a
// worker do not grow with the group.
func contractN16Filter(b *bench) {
	c := b.open()
	mine := c.look("live.w1").pass()
	all := c.look("live.*").pass()
	var last uint64
	for i := range 6 {
		name := fmt.Sprintf("live.w%d", i%3)
		last = c.accept(b.put(name, "x", all.newest[b.at(name)].Sequence))
		all.has(name, last)
	}
	mine.has("live.w1", all.newest[b.at("live.w1")].Sequence)
	require.Len(b, mine.newest, 1)
	require.LessOrEqual(b, mine.calls, 3)
	mine.Stop()
	all.Stop()
}
