package contract

import (
	"github.com/troupe-actors/troupe/bridge"
)

// draw is the next call.
func (y *history) draw() call {
	switch y.rng.IntN(16) {
	case 0, 1, 2:
		return call{key: y.rng.IntN(keys)}
	case 3:
		return call{asks: true}
	case 4:
		return call{creates: true, other: y.rng.IntN(2) == 0}
	}
	order := y.rng.Perm(keys)
	var c call
	for _, key := range order[:1+y.rng.IntN(3)*y.rng.IntN(2)] {
		y.writes++
		m := change{key: key, write: y.writes, fence: unfenced}
		switch y.rng.IntN(4) {
		case 0, 1:
			m.fence = key
		case 2:
			// A batch checks the first key before it is written.
			if len(c.changes) == 0 {
				m.fence = 0
			}
		}
		if m.fence != unfenced {
			m.expect = y.expect(y.known[m.fence])
		}
		c.changes = append(c.changes, m)
	}
	return c
}

// expect is a sequence that a key may have: mostly the one that was heard of last.
func (y *history) expect(known uint64) uint64 {
	switch y.rng.IntN(8) {
	case 0:
		return 0
	case 1:
		return known + 1
	case 2:
		return max(known, 1) - 1
	}
	return known
}

func (y *history) batch(changes []change) []bridge.Message {
	var batch []bridge.Message
	for _, m := range changes {
		y.subject[m.write] = y.at(y.name(m.key))
		message := bridge.Message{Subject: y.subject[m.write], Data: []byte(data(m.write))}
		if m.fence != unfenced {
			message.Expect = &bridge.Expectation{Subject: y.at(y.name(m.fence)), Sequence: m.expect}
		}
		batch = append(batch, message)
	}
	return batch
}
