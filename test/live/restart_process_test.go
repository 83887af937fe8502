//go:build unix

package live

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// A process that is killed, and one that is told to end and announces its return,
// have again what they had when they run again under their instance keys. The
// others notice neither.
//
// hazard 16
func TestProcess_ComesBack(t *testing.T) {
	g := groupWithHistory(t, patient(), childPartitions)
	crew := g.crew()
	key := func(key string) func(*orders) {
		return func(o *orders) { o.Key, o.Patient, o.Returns = key, true, true }
	}
	var all []*process
	var workers []*worker
	for _, name := range []string{"one", "two", "three"} {
		p := crew.spawn(name, key(name))
		all, workers = append(all, p), append(workers, p.worker)
	}
	g.atRest(workers...)
	begin := g.ledger.mark()
	had := map[string][]partition.PartitionID{}
	for _, w := range workers {
		had[w.name] = idsOf(g.ledger.read(w).owned)
	}

	all[0].kill()
	workers[0] = crew.spawn("one", key("one")).worker
	all[1].stop()
	workers[1] = crew.spawn("two", key("two")).worker

	g.atRest(workers...)
	g.ledger.unmoved(begin, workers[2])
	for _, w := range workers {
		require.ElementsMatch(t, had[w.name], idsOf(g.ledger.read(w).owned), "%s", w.name)
	}
}
