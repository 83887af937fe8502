package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// zonal is a group of three in which zones are hard: the first two are in "a", the third in
// "b", and half of the partitions each.
type zonal struct {
	t    *testing.T
	w    *sim.World
	all  []*sim.Process
	zone map[*sim.Process]string
	list []partition.Partition
	why  []string // of what moved since somebody asked
}

func newZonal(t *testing.T, rule partition.ZoneRule) *zonal {
	z := &zonal{t: t, list: partitions(12), zone: map[*sim.Process]string{}}
	for i := range z.list {
		z.list[i].Zone = []string{"a", "b"}[i%2]
	}
	z.w = sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: z.list})
	t.Cleanup(z.w.Close)
	var read sim.Reader
	z.w.Store.Observe(func(c sim.Commit) {
		for _, x := range read.Read(c) {
			if j, ok := x.Record.(partition.Journal); ok {
				for _, m := range j.Moves {
					z.why = append(z.why, m.Why)
				}
			}
		}
	})
	for i, zone := range []string{"a", "a", "b"} {
		z.all = append(z.all, z.start(fmt.Sprintf("w%d", i+1), fmt.Sprintf("key-%d", i+1), zone, rule))
		well(t, z.w, 100*time.Millisecond)
	}
	well(t, z.w, 15*time.Second)
	z.why = nil
	return z
}

func (z *zonal) start(name, key, zone string, rule partition.ZoneRule) *sim.Process {
	p := z.w.Start(name, sim.Habits{
		InstanceKey: key, Strategy: partition.Sticky{Zones: rule},
		Differ: func(s *partition.Settings) { s.Zone = zone },
	})
	z.zone[p] = zone
	return p
}

// counts is how many partitions each has.
func (z *zonal) counts() (out []int) {
	for _, p := range z.all {
		out = append(out, len(p.Heard.Assignment.All))
	}
	return out
}

// moved are the reasons of what has moved, each with its number.
func (z *zonal) moved() map[string]int {
	out := map[string]int{}
	for _, why := range z.why {
		out[why]++
	}
	z.why = nil
	return out
}

// What is in another zone than it requires moves there when a worker comes back from
// another zone, and when the source names another one; what is nobody's zone has no owner
// until somebody is there. Nothing else moves, and the journal says why.
func TestZones_Required(t *testing.T) {
	z := newZonal(t, partition.RequireZone)
	require.Equal(t, []int{3, 3, 6}, z.counts())

	z.list = slices.Clone(z.list)
	z.list[0].Zone, z.list[2].Zone, z.list[1].Zone = "b", "b", ""
	z.w.List(z.list)
	well(t, z.w, 15*time.Second)
	covered(t, z.w)
	z.within()
	require.Equal(t, map[string]int{"zone": 2, "over the band": 2}, z.moved(), "%v", z.counts())

	back := z.all[2]
	back.Stop(true)
	well(t, z.w, 2*time.Second)
	z.all[2] = z.start("w4", "key-3", "a", partition.RequireZone)
	well(t, z.w, 15*time.Second)
	require.Equal(t, []int{2, 2, 1}, z.counts(), "what is in nobody's zone is nobody's")
	require.Len(t, z.w.Check.Unowned(), 7)
	require.Equal(t, map[string]int{"returned home": 7, "over the band": 1}, z.moved())
	z.within()

	z.all = append(z.all, z.start("w5", "key-5", "b", partition.RequireZone))
	well(t, z.w, 15*time.Second)
	covered(t, z.w)
	require.Equal(t, []int{2, 2, 1, 7}, z.counts())
	require.Equal(t, map[string]int{"had no owner": 7}, z.moved())
	z.within()
}

// Where zones are preferred, nothing moves only to be nearer.
func TestZones_Preferred(t *testing.T) {
	z := newZonal(t, partition.PreferZone)
	heads := z.w.Check.Heads()
	z.list = slices.Clone(z.list)
	for i := range z.list {
		z.list[i].Zone = []string{"b", "a"}[i%2]
	}
	z.w.List(z.list)
	well(t, z.w, 15*time.Second)
	require.Empty(t, z.moved())
	require.Equal(t, heads, z.w.Check.Heads())
}

// within: what is owned is owned in its zone.
func (z *zonal) within() {
	zone := map[partition.PartitionID]string{}
	for _, p := range z.list {
		zone[p.ID()] = p.Zone
	}
	for _, p := range z.all {
		for _, id := range ids(p.Heard.Assignment.All) {
			require.Contains(z.t, []string{"", z.zone[p]}, zone[id], "%s at %s", id, p.Name)
		}
	}
}
