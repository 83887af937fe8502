package sim

import (
	"math/rand/v2"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// Net is what lies between the processes and the store. It makes no
// difference to the processes whether the network or the server is at fault.
type Net struct {
	line  *Timeline
	home  *Lane
	store *Store
	rng   *rand.Rand
	ports []*Port

	// Faults are those that hit operations, sights and watches from here on.
	Faults Faults
	// Lengths are what long delays are made of.
	Lengths Lengths
	// Lose, if set, says of every publish whether its answer is lost, whatever the
	// faults are.
	Lose func(process string, batch []bridge.Message) bool
	// Note is told what went wrong, for the trace; nil if nobody listens.
	Note func(process, what string)
}

// NewNet joins processes to a store. home is the lane in which requests reach
// the server, whatever becomes of the process that sent them.
func NewNet(line *Timeline, home *Lane, store *Store, rng *rand.Rand) *Net {
	return &Net{line: line, home: home, store: store, rng: rng}
}

// hits rolls the dice for a fault.
func (n *Net) hits(f Fault) bool {
	return n.Faults[f] > 0 && n.rng.Float64() < n.Faults[f]
}

func (n *Net) note(process, what string) {
	if n.Note != nil {
		n.Note(process, what)
	}
}

// delay is how long a message is under way: a fraction of a millisecond, seldom
// some milliseconds, and with LongDelay about one of the lengths.
func (n *Net) delay() time.Duration {
	if n.hits(LongDelay) {
		return n.Lengths.Pick(n.rng)
	}
	d := 100*time.Microsecond + time.Duration(n.rng.IntN(900))*time.Microsecond
	if n.rng.IntN(50) == 0 {
		d *= time.Duration(2 + n.rng.IntN(20))
	}
	return d
}

// Heal ends all faults, those of single processes too. What is under way stays
// as late as it is.
func (n *Net) Heal() {
	n.Faults = Faults{}
	for _, p := range n.ports {
		p.Heal()
	}
}

// RestartServer restarts the server: all connections break, and watches of
// streams that survive come back late.
func (n *Net) RestartServer(down time.Duration) {
	n.store.Restart()
	for _, p := range n.ports {
		p.Disconnect(down)
	}
}
