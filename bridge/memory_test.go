package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// What was written is not kept with what still waits for its turn.
func TestOps_KeepNothingOfWhatIsSubmitted(t *testing.T) {
	all := []*op{{least: 1}, {least: 2}}
	o := ops{queue: all}
	require.EqualValues(t, 1, o.next().least)
	require.Nil(t, all[0])
	require.EqualValues(t, 2, o.next().least)
	require.Empty(t, o.queue)
}

// A consumer that somebody else has deleted is not waited for.
func TestTidier_KeepsNothingOfWhatIsGone(t *testing.T) {
	since := time.Unix(1, 0)
	d := &tidier{since: map[string]time.Time{"mill+gone+4": since, "mill+deleted+4": since}}
	d.take(consumerList{of: map[partition.PartitionID][]durable{"gone": {{"mill+gone+4", 4}}}})
	require.Equal(t, map[string]time.Time{"mill+gone+4": since}, d.since)
}
