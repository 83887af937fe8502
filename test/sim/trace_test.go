package sim_test

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

func quiet(*actor.ActorSystem) *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestTraceHashesEverything(t *testing.T) {
	steps := uint64(0)
	write := func(texts ...string) *sim.Trace {
		tr := sim.NewTrace(&sim.Timeline{}, func() uint64 { return steps })
		for _, x := range texts {
			tr.Say("w1", x)
		}
		return tr
	}
	a := write("one", "two")
	require.Equal(t, a.Hash(), write("one", "two").Hash())
	require.NotEqual(t, a.Hash(), write("two", "one").Hash())
	require.NotEqual(t, a.Hash(), write("one").Hash())
	steps = 1
	require.NotEqual(t, a.Hash(), write("one", "two").Hash(), "another order of deliveries")
	require.Equal(t, "    0.000 w1     two\n", a.End(1))
	require.Len(t, a.Since(1), 1)
	many := sim.NewTrace(&sim.Timeline{}, func() uint64 { return 0 })
	for range 20_000 {
		many.Hum("w1", "again")
	}
	require.EqualValues(t, 20_000, many.Count())
	require.Less(t, len(many.Since(0)), 10_000, "the oldest lines are forgotten")
	require.Len(t, many.Since(19_999), 1)
}

func TestRandomFaults(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	hit := map[sim.Fault]bool{}
	for range 500 {
		f := sim.RandomFaults(rng)
		require.GreaterOrEqual(t, f.Kinds(), 2)
		require.NotEqual(t, "no faults", f.String())
		for k, strength := range f {
			hit[sim.Fault(k)] = hit[sim.Fault(k)] || strength > 0
		}
	}
	for k := range hit {
		require.Equal(t, k < sim.Panic, hit[k], "%s is never picked, or is drawn apart", k)
	}
	require.Equal(t, "no faults", sim.Faults{}.String())
	lengths := sim.Lengths{time.Second, 4 * time.Second}
	near := 0
	for range 1000 {
		d := lengths.Pick(rng)
		require.Positive(t, d)
		require.LessOrEqual(t, d, 9*time.Second)
		if d > 900*time.Millisecond && d < 1100*time.Millisecond || d > 3600*time.Millisecond && d < 4400*time.Millisecond {
			near++
		}
	}
	require.Greater(t, near, 400, "the lengths that matter are hit often")
}
