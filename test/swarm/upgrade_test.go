package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// upgrade is a group whose processes are replaced one by one, under their instance keys.
type upgrade struct {
	t       *testing.T
	world   *sim.World
	all     [3]*sim.Process
	started int
}

func (u *upgrade) run(d time.Duration) {
	u.t.Helper()
	require.True(u.t, u.world.Run(d), u.world.Broken(lines))
}

func (u *upgrade) start(key int, build func(bridge.Port) bridge.Port) {
	u.started++
	u.all[key] = u.world.Start(fmt.Sprintf("w%d", u.started), sim.Habits{InstanceKey: fmt.Sprintf("key-%d", key), Build: build})
}

// leads is the key of the one that leads.
func (u *upgrade) leads() int {
	u.t.Helper()
	for key, p := range u.all {
		if p == u.world.Leader() {
			return key
		}
	}
	require.Fail(u.t, "nobody leads", u.world.Trace.End(lines))
	return -1
}

// replace demands that a process of another build has again what this one had, and that
// the others do not notice.
func (u *upgrade) replace(key int, build func(bridge.Port) bridge.Port) {
	u.t.Helper()
	var had [3][]partition.Owned
	for k, p := range u.all {
		had[k] = p.Heard.Assignment.All
		require.Len(u.t, had[k], 3)
	}
	u.all[key].Stop(true)
	u.run(time.Second)
	u.start(key, build)
	u.run(10 * time.Second)
	require.Empty(u.t, u.world.Check.Unowned(), u.world.Trace.End(lines))
	for k, p := range u.all {
		now := p.Heard.Assignment.All
		require.Len(u.t, now, 3)
		for i := range now {
			require.Equal(u.t, had[k][i].ID, now[i].ID, "of %s", p.Name)
			require.Equal(u.t, k != key, had[k][i].Token == now[i].Token, "of %s", p.Name)
		}
	}
}

// Each of three is replaced by one of a newer build, the leader as the last one, and two
// of them that lead then are taken back. Nothing moves, and each kind keeps what the
// other wrote.
func TestARollingUpgradeMovesNothing(t *testing.T) {
	var list []partition.Partition
	for i := range 9 {
		list = append(list, partition.Of(fmt.Sprintf("p%d", i)))
	}
	u := &upgrade{t: t, world: sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: list, Fresh: true})}
	defer u.world.Close()
	m := remember(map[string]int{}, map[string]int{})
	u.world.Store.Observe(m.see)
	for key := range u.all {
		u.start(key, nil)
		u.run(100 * time.Millisecond)
	}
	u.run(10 * time.Second)
	require.Zero(t, u.leads())
	for _, key := range []int{1, 2, 0} {
		u.replace(key, newerBuild)
	}
	for range 2 {
		was := u.leads()
		u.replace(was, nil)
		require.NotEqual(t, was, u.leads())
	}
	require.Empty(t, m.lost, u.world.Trace.End(lines))
	require.NotEmpty(t, m.kept)
}
