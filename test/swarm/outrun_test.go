package swarm

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// Who leads is alone, and has decided all there is to decide. Somebody who has gone said that
// it had applied more, as one can say who was given its first seat by a publish that was lost.
// The table is given up, and all is decided anew.
//
// hazard 60
func TestWhoIsAloneDecidesAnewWhenItsTableIsGivenUp(t *testing.T) {
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: named(8)})
	defer w.Close()
	p := w.Start("w1", sim.Habits{})
	owns := func() bool { return len(p.Heard.Assignment.All) == 8 }
	require.True(t, w.RunUntil(time.Minute, owns), w.Broken(lines))
	require.True(t, w.Run(10*time.Second), w.Broken(lines))
	w.Check.WentBack()
	for _, m := range w.Store.Present("KV_"+sim.Group, ">") {
		if !strings.Contains(m.Subject, ".live.") {
			continue
		}
		gone := protowire.AppendString(protowire.AppendTag(slices.Clone(m.Data), 1, protowire.BytesType), "gone") // session
		more := uint64(p.Heard.Assignment.Step) + 50
		for field, v := range map[protowire.Number]uint64{2: 0, 6: more, 7: more, 17: 1} { // claim, applied, seen, released
			gone = protowire.AppendVarint(protowire.AppendTag(gone, field, protowire.VarintType), v)
		}
		w.Store.Publish(sim.Vandal, w.Timeline.Now(), []bridge.Message{{Subject: m.Subject + "9", Data: gone}})
	}
	require.True(t, w.RunUntil(10*time.Second, func() bool { return !owns() }), w.Broken(lines))
	require.True(t, w.RunUntil(w.Settings().StableBound(partition.Setbacks{Window: w.Settings().ColdStartWindow}), owns), w.Broken(lines))
}
