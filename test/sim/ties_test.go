package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tied is the order of what was planned for one instant: two timers of a process, two
// sights of it, and two plans.
func tied(ties uint64) string {
	line, s := &Timeline{Ties: ties}, NewScheduler(rand.New(rand.NewPCG(1, 1)))
	lane := s.Lane("w1")
	var order []string
	for i := range 2 {
		for _, kind := range []Kind{Timers, Network, Plans} {
			line.After(time.Second, lane, kind, func() { order = append(order, fmt.Sprintf("%c%d", "TNP"[kind], i)) })
		}
	}
	for line.Advance(time.Minute) {
	}
	return strings.Join(order, " ")
}

// What is due at one instant happens in an order of its own for each number, and in the one in
// which it was planned for none. What travels arrives in the order in which it was sent.
func TestTies(t *testing.T) {
	require.Equal(t, "T0 N0 P0 T1 N1 P1", tied(0))
	orders := map[string]bool{}
	for n := range uint64(200) {
		order := tied(1 + n)
		require.Equal(t, order, tied(1+n))
		require.Less(t, strings.Index(order, "N0"), strings.Index(order, "N1"), order)
		require.Less(t, strings.Index(order, "P0"), strings.Index(order, "P1"), order)
		orders[order] = true
	}
	require.Len(t, orders, 24, "four things in any order: the sights are one of them, and the plans")
}

// What ends when a timer is due ends at that instant.
func TestUntil(t *testing.T) {
	line, rng := &Timeline{}, rand.New(rand.NewPCG(1, 1))
	s := NewScheduler(rng)
	lane, gone := s.Lane("w1"), s.Lane("w2")
	require.Zero(t, line.Until(rng, time.Hour))
	line.After(time.Second, lane, Network, func() {})
	line.After(2*time.Second, gone, Timers, func() {})
	line.After(3*time.Second, lane, Timers, func() {})
	line.After(time.Minute, lane, Timers, func() {})
	gone.End()
	line.Advance(time.Second)
	for range 10 {
		require.Equal(t, 2*time.Second, line.Until(rng, 10*time.Second))
	}
	require.Zero(t, line.Until(rng, time.Second))
}
