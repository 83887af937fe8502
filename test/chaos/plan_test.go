//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

func draw(seed uint64, n int) (all []episode) {
	for p := newPlan(seed, settings(partition.Exclusive)); len(all) < n; {
		all = append(all, p.next())
	}
	return all
}

func TestPlan_TheSameSeedIsTheSamePlan(t *testing.T) {
	require.Equal(t, draw(7, 200), draw(7, 200))
	require.NotEqual(t, draw(7, 200), draw(8, 200))
}

// Every kind occurs, often enough for a run of five minutes, and in no episode the
// nodes lose their majority unless all of them are struck.
func TestPlan_Episodes(t *testing.T) {
	for seed := range uint64(50) {
		times := map[kind]int{}
		for _, e := range draw(seed, 60) {
			require.NotEmpty(t, e.Faults)
			processes, servers := map[int]bool{}, 0
			for _, f := range e.Faults {
				times[f.Kind]++
				require.True(t, f.Start >= 0 && f.Start < spread && f.For >= 0 && f.For < time.Minute, "%+v", f)
				switch places[f.Kind] {
				case process:
					require.False(t, processes[f.Who], "%s", e)
					processes[f.Who] = true
				case link:
				default:
					servers++
					require.NotEqual(t, f.Who, f.Other)
				}
			}
			require.LessOrEqual(t, servers, 1, "%s", e)
		}
		for _, k := range deck {
			require.NotZero(t, times[k], "%s with seed %d", k, seed)
		}
	}
	require.Len(t, places, len(kinds()))
}

// kinds are those of the deck, each once.
func kinds() map[kind]bool {
	all := map[kind]bool{}
	for _, k := range deck {
		all[k] = true
	}
	return all
}
