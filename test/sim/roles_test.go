package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Roles are the kinds of actors that the processes of a group have, all of them, and none
// else: who is left out would never panic, and who is no more would be doomed in vain.
func TestRoles(t *testing.T) {
	system := NewSystem()
	list := []partition.Partition{partition.Of("p1"), partition.Of("p2")}
	w := NewWorld(Config{Seed: 1, Settings: partition.Fast(), Partitions: list, Replicas: 1, System: system})
	defer w.Close()
	for _, name := range []string{"w1", "w2"} {
		w.Start(name, Habits{Confirm: true})
	}
	seen := map[string]bool{}
	for range 100 {
		require.True(t, w.Run(100*time.Millisecond), "%s", w.Broken(100))
		for _, p := range w.Processes() {
			p.Refresh(messages.RefreshPartitions{})
			p.AskJournal()
		}
		for _, shard := range system.system.ProcessRegistry.LocalPIDs.LocalPIDs {
			shard.IterCb(func(id string, _ any) {
				// What works on a partition is a user's, named after it and its token.
				if process, _, _ := strings.Cut(id, "/"); w.find(process) != nil && !strings.Contains(id, "@") {
					seen[role(id)] = true
				}
			})
		}
	}
	var roles []string
	for r := range seen {
		roles = append(roles, r)
	}
	slices.Sort(roles)
	require.Equal(t, slices.Sorted(slices.Values(Roles[:])), roles)
}
