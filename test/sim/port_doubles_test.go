package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

func TestPortDoublesRequests(t *testing.T) {
	b := newBench(t)
	b.net.Faults[Duplicate] = 1
	got := b.put(b.one, "x", "1")
	b.pass(time.Minute)
	require.Equal(t, uint64(2), b.store.Info("KV_g").Last)
	require.Len(t, *got, 1, "one answer")
	cas := b.put(b.one, "y", "1", 0)
	b.pass(time.Minute)
	require.Equal(t, uint64(3), b.store.Info("KV_g").Last, "a condition lets only one of them land")
	require.Equal(t, bridge.Accepted, (*cas)[0].Outcome)
}

// What was refused once is not accepted when it comes again, whatever it was refused for.
func TestPortDoublesNoRefusal(t *testing.T) {
	for name, v := range map[string]struct{ begins, ends func(b *bench) }{
		"too large":     {func(b *bench) { b.net.Narrow(1, true, time.Second/2) }, func(*bench) {}},
		"not permitted": {func(b *bench) { b.one.Deny(ToWrite) }, func(b *bench) { b.one.Allow() }},
		"there is one":  {func(b *bench) { b.store.put(msg("$KV.g.A.x", "1")) }, func(b *bench) { b.store.Expire("KV_g", 0) }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			v.begins(b)
			last := b.store.Info("KV_g").Last
			b.net.Faults[Duplicate] = 1
			got := b.put(b.one, "x", "12", 0)
			b.pass(time.Second / 2)
			require.Len(t, *got, 1)
			require.Contains(t, []bridge.Outcome{bridge.Refused, bridge.Denied}, (*got)[0].Outcome)
			v.ends(b)
			b.pass(time.Minute)
			require.Equal(t, last, b.store.Info("KV_g").Last)
		})
	}
}
