//go:build unix

package live

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// A process that is killed, and one that is told to end and announces to come
// back, have again what they had when they run again under their instance keys.
// The others notice neither.
//
// hazard 16
func TestProcess_ComesBack(t *testing.T) {
	g := newGroup(t, patient(), childPartitions)
	var all []*process
	var workers []*worker
	for _, key := range []string{"one", "two", "three"} {
		p := g.spawn(key, childKey+"="+key)
		all, workers = append(all, p), append(workers, p.worker)
	}
	g.atRest(workers...)
	begin := g.ledger.mark()
	had := map[string][]partition.PartitionID{}
	for _, w := range workers {
		had[w.name] = idsOf(g.ledger.read(w).owned)
	}

	all[0].kill()
	workers[0] = g.spawn("one", childKey+"=one").worker
	all[1].signal(syscall.SIGTERM)
	<-all[1].done
	require.NoError(t, all[1].cmd.Wait())
	all[1].ended = true
	workers[1] = g.spawn("two", childKey+"=two").worker

	g.atRest(workers...)
	g.ledger.unmoved(begin, workers[2])
	for _, w := range workers {
		require.ElementsMatch(t, had[w.name], idsOf(g.ledger.read(w).owned), "%s", w.name)
	}
}
