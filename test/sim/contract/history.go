package contract

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// part is how many operations are checked at a time.
const part = 40

// history is what clients asked of a server and were answered.
type history struct {
	*bench
	rng     *rand.Rand
	seed    uint64
	clients []*client
	barrier uint64 // sequence of the key that is written between two parts
	parts   int
	writes  int             // numbers given
	written map[uint64]held // what was accepted, with its key for a number
	doubted map[int]bool    // writes that may be there, or not
	subject map[int]string  // of every write
	sights  []bridge.Sight  // what the watch told
	told    uint64          // the sequence of the last of them
	now     int64           // counts calls and answers
	known   [keys]uint64    // what the last answers said of the keys of this part
	left    int             // calls of this part to be made
	calls   []porcupine.Operation
}

// Random performs operations that a seed draws, by several clients at once, and
// checks that they were answered as by a server that does one after the other: with one
// client, every outcome, code, sequence and text is fixed by that. A watch tells what was
// accepted, in its order.
//
// Nothing may happen to the host. Reads of a cluster are not checked: they may be
// answered by a copy that is behind.
func Random(t T, h Host, seed uint64, clients, operations int) {
	t.Helper()
	b := &bench{T: t, Host: h, in: first}
	y := &history{
		bench: b, rng: rand.New(rand.NewPCG(seed, uint64(clients))), seed: seed, clients: []*client{b.open()},
		written: map[uint64]held{}, doubted: map[int]bool{}, subject: map[int]string{},
	}
	for i := 1; i < clients; i++ {
		y.clients = append(y.clients, b.also(i%b.Nodes()))
	}
	v := y.watch()
	for ; operations > 0; operations -= part {
		v.hold = y.rng.IntN(2) == 0
		y.perform(min(part, operations))
		v.hold = false
		v.Next()
	}
	b.Until("the watch tells the last write", func() bool { return v.synced && y.told == y.barrier })
	require.NoError(t, v.ended)
	v.Stop()
	y.compare(v.newest)
}

// watch begins a watch of all that is written.
func (y *history) watch() *view {
	v := y.clients[0].look("part.>")
	v.hear = func(m bridge.Sight) {
		require.Greater(y, m.Sequence, y.told, "in the order of the stream")
		y.told = m.Sequence
		y.sights = append(y.sights, m)
	}
	return v.pass()
}

// compare checks that what was told was written, and what was written last was told.
func (y *history) compare(newest map[string]bridge.Sight) {
	for sequence, is := range y.written {
		require.GreaterOrEqual(y, newest[y.subject[is.write]].Sequence, sequence, "the newest is told")
	}
	for _, m := range y.sights {
		var write int
		_, err := fmt.Sscan(string(m.Data), &write)
		require.NoError(y, err)
		require.Equal(y, y.subject[write], m.Subject)
		if is, accepted := y.written[m.Sequence]; accepted {
			require.Equal(y, is.write, write)
		} else {
			require.Truef(y, y.doubted[write], "#%d at %d was not accepted", write, m.Sequence)
		}
	}
}

// perform lets the clients make so many calls, each one after the other, and checks them.
func (y *history) perform(calls int) {
	y.parts++
	begin := memory{last: y.fence()}
	y.left, y.calls, y.known = calls, nil, [keys]uint64{}
	for _, c := range y.clients {
		y.next(c)
	}
	y.Until("all are answered", func() bool { return len(y.calls) == calls })
	y.fence()
	require.Truef(y, linearizable(begin, y.calls), "seed %d, %d clients, part %d: no order explains\n%s", y.seed, len(y.clients), y.parts, y)
}

// fence writes a key. What comes after it knows that nothing is under way any more.
func (y *history) fence() uint64 {
	y.writes++
	y.subject[y.writes] = y.at("part.end")
	y.doubted[y.writes] = true
	y.barrier = y.clients[0].replace("part.end", data(y.writes))
	return y.barrier
}

func (y *history) name(key int) string { return fmt.Sprintf("part.%d.%d", y.parts, key) }

// next makes a client's next call.
func (y *history) next(c *client) {
	if y.left == 0 {
		return
	}
	y.left--
	ask := y.draw()
	y.now++
	begun := y.now
	op := bridge.Op{Get: y.at(y.name(ask.key))}
	if ask.changes != nil {
		op = bridge.Op{Publish: y.batch(ask.changes)}
	}
	c.port.Submit(op, long, func(r bridge.Result) {
		y.now++
		y.keep(ask, begun, r)
		y.next(c)
	})
}

// keep remembers a call and its answer. One that may have its effect later has no end.
func (y *history) keep(ask call, begun int64, r bridge.Result) {
	end := y.now
	if r.Outcome == bridge.Unknown {
		end = math.MaxInt64
	}
	read := ask.changes == nil
	if read && y.Nodes() > 1 {
		r.Outcome = bridge.Unknown
	}
	y.calls = append(y.calls, porcupine.Operation{Input: ask, Call: begun, Output: r, Return: end})
	for i, m := range ask.changes {
		if is := (held{m.write, r.Sequence - uint64(len(ask.changes)-1-i)}); r.Outcome == bridge.Accepted {
			y.written[is.sequence], y.known[m.key] = is, is.sequence
		} else {
			y.doubted[m.write] = r.Outcome == bridge.Unknown
		}
	}
}

// draw is the next call.
func (y *history) draw() call {
	if y.rng.IntN(4) == 0 {
		return call{key: y.rng.IntN(keys)}
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

// String tells the part, a call a line.
func (y *history) String() string {
	var lines []string
	for _, c := range y.calls {
		r, _ := c.Output.(bridge.Result)
		lines = append(lines, fmt.Sprintf("%d–%d %v: %d, sequence %d, code %d, last %d, %q", c.Call, c.Return, c.Input, r.Outcome, r.Sequence, r.Code, r.Last, r.Data))
	}
	return strings.Join(lines, "\n")
}
