package swarm

import (
	"testing"

	"github.com/troupe-actors/troupe/test/sim"
)

// Groups of one worker, of two, and of so many that a seed alone has none like them, up to
// 50, end as well as those of TestSwarm.
func TestFewAndMany(t *testing.T) {
	list, trace := seeds(sizes)
	parallel(list, func(s uint64, system *sim.System) Result {
		return Plan{Workers: size(s)}.Live(s, system, trace)
	}, func(r Result) {
		if r.Broken != "" {
			t.Errorf("%s", r)
		}
	})
}

// size is how many workers the group of a seed has: of every fourth one 10 to 50.
func size(seed uint64) int {
	const least, most, step = 10, 50, 9
	if seed%4 == 0 {
		return least + int((seed/4-1)*step%(most-least+1))
	}
	return 1 + int(seed%2)
}
