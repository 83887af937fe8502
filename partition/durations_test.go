package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDurations_Add(t *testing.T) {
	var d Durations
	d.Add(-time.Second)
	copied := d
	d.Add(5 * time.Millisecond)
	d.Add(6 * time.Millisecond)
	d.Add(time.Hour)
	require.EqualValues(t, 4, d.Count)
	require.Equal(t, time.Hour+11*time.Millisecond, d.Sum)
	require.Equal(t, []uint64{2, 3, 3}, d.Within[:3])
	require.EqualValues(t, 3, d.Within[len(d.Within)-1])
	require.EqualValues(t, 1, copied.Count)
}

func TestChange_Evidence(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	roster := Roster{
		"a": {At: at(9), SessionAt: at(1), EndedAt: at(5)},
		"b": {At: at(7), SessionAt: at(2), EndedAt: at(6)},
		"c": {At: at(8), SessionAt: at(3), EndedAt: at(4)},
	}
	both := []WorkerID{"a", "b"}
	for name, c := range map[string]struct {
		change Change
		want   time.Time
	}{
		"crash":           {Change{Crashed: both, Left: []WorkerID{"c"}, Orphans: 3}, at(7)},
		"leave":           {Change{Left: both, Joined: []WorkerID{"c"}, Orphans: 3}, at(5)},
		"restart":         {Change{Returned: []WorkerID{"b", "a"}}, at(1)},
		"join":            {Change{Joined: []WorkerID{"b", "c"}}, at(2)},
		"refresh":         {Change{Refreshing: []Witness{{}}, Joined: both}, time.Time{}},
		"drain":           {Change{Drains: 1, Joined: both}, time.Time{}},
		"partitions":      {Change{Orphans: 1, Joined: both}, time.Time{}},
		"balance":         {Change{Imbalance: 1}, time.Time{}},
		"nobody is known": {Change{Crashed: []WorkerID{"gone"}}, time.Time{}},
	} {
		require.Equal(t, c.want, c.change.Evidence(roster), name)
	}
}
