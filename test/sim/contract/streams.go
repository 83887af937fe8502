package contract

import (
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// contractN6Recreated: sequences begin again, or go on where they were: a file that was
// deleted a moment ago may come back. Nothing rests on either.
func contractN6Recreated(b *bench) {
	c := b.open()
	term := c.accept(b.put("term", "a", 0))
	created := c.info().Created
	b.Delete()
	r := c.publish(b.fenced("live.w", "x", "term", term))
	require.Equal(b, bridge.Unknown, r.Outcome, "it finds no stream: %v", r.Err)
	require.Equal(b, bridge.CodeStreamNotFound, c.info().Result.Code)
	b.settle()
	next := b.Stream(second)
	c.insist(bridge.Op{Create: &next})
	b.Leader()
	r = c.publish(b.fenced("live.w", "x", "term", 0))
	require.Equal(b, bridge.Unknown, r.Outcome, "it finds no stream: %v", r.Err)
	info := c.info()
	require.Equal(b, second, info.Config.Incarnation)
	require.True(b, info.Created.After(created), "%s after %s", info.Created, created)
	b.in = second
	c.reached()
	c.accept(b.put("term", "b", 0))
}

// contractN6Race: of several who create the stream at once, one decides.
func contractN6Race(b *bench) {
	nonces := []string{first, second, "three"}
	var tries []*answer
	c := b.join(0)
	for i, nonce := range nonces {
		cfg := b.Stream(nonce)
		tries = append(tries, b.join(i%b.Nodes()).try(bridge.Op{Create: &cfg}))
	}
	made := ""
	for i, a := range tries {
		b.Until("a creation ends", func() bool { return a.got })
		if a.Outcome == bridge.Accepted {
			require.Empty(b, made, "only one of them")
			made = nonces[i]
			continue
		}
		require.Equal(b, bridge.Refused, a.Outcome, "%v", a.Err)
		require.Equal(b, bridge.CodeStreamExists, a.Code)
	}
	require.Equal(b, made, c.info().Config.Incarnation)
	same := b.Stream(made)
	require.Equal(b, bridge.Accepted, c.do(bridge.Op{Create: &same}).Outcome, "an answer that was lost is given again")
	other := b.Stream("four")
	require.Equal(b, bridge.CodeStreamExists, c.do(bridge.Op{Create: &other}).Code)
}

// contractN6Lost: one server that lost its store has no stream; one of three gets
// it back from the others.
func contractN6Lost(b *bench) {
	c := b.open()
	was := c.replace("term", "a")
	b.Stop(0)
	b.Start(0, true)
	if b.Nodes() == 1 {
		b.Until("there is no stream", func() bool {
			b.Pause()
			i := c.info()
			require.NotEqual(b, bridge.Accepted, i.Result.Outcome)
			return i.Result.Code == bridge.CodeStreamNotFound
		})
		require.Equal(b, bridge.Unknown, c.publish(b.put("term", "b", was)).Outcome)
		return
	}
	now := c.replace("term", "b")
	require.Greater(b, now, was)
	b.Until("it leads the stream", func() bool {
		if b.Leader() == 0 {
			return true
		}
		b.StepDown()
		return false
	})
	b.Until("it has what it had lost", func() bool {
		b.Pause()
		r := c.get("term")
		require.True(b, r.Outcome == bridge.Unknown || r.Sequence == now, "%d", r.Sequence)
		return r.Sequence == now
	})
	require.Greater(b, c.replace("term", "c"), now)
}

func contractN12Config(b *bench) {
	c := b.open()
	got := c.info()
	require.Equal(b, bridge.Accepted, got.Result.Outcome)
	require.Equal(b, b.Stream(first), got.Config)
	require.False(b, got.Config.AllowRollup)
	require.True(b, got.Config.DenyDelete && got.Config.DenyPurge)
	require.False(b, got.Config.AllowDirect)
	require.Zero(b, got.Config.MaxAge)
	require.NotEmpty(b, got.Server)
}

func contractN13Limit(b *bench) {
	const limit, large = 512 << 10, 2 << 20
	c := b.open()
	huge := bridge.Message{Subject: b.at("huge"), Data: make([]byte, large)}
	for _, batch := range [][]bridge.Message{{huge}, {huge, b.put("x", "", 0)}, {b.put("x", "", 0), huge}} {
		r := c.publish(batch...)
		require.Equal(b, bridge.Refused, r.Outcome, "%v", r.Err)
		require.Error(b, r.Err)
	}
	require.Zero(b, c.info().Last, "nothing landed")
	data := string(make([]byte, limit))
	c.accept(b.put("a", data, 0), b.put("b", data, 0), b.put("c", data, 0))
	require.Len(b, c.get("c").Data, limit)
}
