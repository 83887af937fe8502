//go:build unix

package live

import (
	"fmt"
	"testing"
)

// Processes are killed and stopped in the middle of their work, the leader too, while
// messages flow. Nothing is lost, and whoever wakes as an owner of the past is refused
// by a sink that checks tokens.
//
// hazards 1 and 52
func TestConsumers_Processes(t *testing.T) {
	beside(t)
	for _, retention := range retentions {
		t.Run(fmt.Sprint(retention), func(t *testing.T) {
			g := groupWithHistory(t, childSettings(), childPartitions)
			f := g.flowing(retention, comesSoon)
			crew := g.crew()
			works := func(o *orders) { o.Consumes = true }
			all, workers := crew.start(works)
			f.ready(workers...)
			f.produce()
			leads, others, _ := crew.chief(all)
			others[0].kill()
			all = append(others[1:], leads, crew.spawn("four", works))
			g.atRest(workersOf(all)...)
			leads.pause()
			awake := append(others[1:], all[2])
			g.atRest(workersOf(awake)...)
			leads.resume()
			g.atRest(workersOf(all)...)
			f.halt()
			f.nothingLost()
			g.history().sound(t)
		})
	}
}
