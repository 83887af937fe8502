package contract

import (
	"fmt"
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
	rng      *rand.Rand
	seed     uint64
	clients  []*client
	stepwise bool         // the next call waits until the write before was told
	streams  int          // how many there have been
	barrier  uint64       // sequence of the key that is written between two parts
	waits    *client      // for it to be told
	parts    int          // of all streams
	asked    int          // calls that were answered
	met      int          // writes that met another one of the same key
	shaken   int          // parts with answers that say nothing for another reason
	trembles bool         // this part has one
	writes   int          // numbers given
	answers  []string     // what one client was answered
	tellings []string     // and told
	now      int64        // counts calls and answers
	known    [keys]uint64 // what the last answers said of the keys of this part
	begin    memory       // before this part
	left     int          // calls of this part to be made
	calls    []porcupine.Operation
	leads    int // the node that led the stream when the last part was over
	*era
}

// Random performs operations that a seed draws, by several clients at once, and
// checks that they were answered as by a server that does one after the other: with one
// client, every outcome, code, sequence and text is fixed by that. Watches tell what was
// accepted, in its order: one from the start, and others that begin later. The stream
// is deleted and made again meanwhile.
//
// Nothing else may happen to the host. So one server never leaves anything in doubt. A
// cluster may if a write meets another one of the key of its condition, or for once, when it
// is so busy that it elects another leader; what is read then may be from a copy that is
// behind, and is only checked to have been written.
//
// It returns what one client of one server was answered and told, a line each, the same for
// every such host.
func Random(t T, h Host, seed uint64, clients, operations int) []string {
	t.Helper()
	b := &bench{T: t, Host: h}
	y := &history{
		bench: b, rng: rand.New(rand.NewPCG(seed, uint64(clients))), seed: seed, stepwise: clients == 1 && b.Nodes() == 1,
	}
	for i := range clients {
		y.clients = append(y.clients, b.join(i%b.Nodes()))
	}
	for operations > 0 {
		operations = y.live(operations)
	}
	require.LessOrEqual(t, y.met, y.meets(), "most of all is decided")
	require.LessOrEqual(t, y.shaken, y.steady(), "parts in which something was in doubt")
	return append(y.answers, y.tellings...)
}

// meets is how many writes may meet others.
func (y *history) meets() int {
	if len(y.clients) == 1 {
		return 1 + y.asked/20
	}
	return y.asked / 2
}

// steady is in how many parts, of all, a host may leave something in doubt for no reason
// that we know.
func (y *history) steady() int {
	if y.Nodes() == 1 {
		return 0
	}
	return 1 + y.parts/8
}

// live is the life of one stream. It returns how many operations are left.
func (y *history) live(operations int) int {
	former := y.era
	y.create()
	v := y.watch()
	for parts := 20 + y.rng.IntN(40); parts > 0 && operations > 0; parts-- {
		v.hold = y.rng.IntN(2) == 0 && !y.stepwise
		y.perform(min(part, operations))
		v.hold = false
		v.Next()
		operations -= part
	}
	if former != nil {
		former.main.Stop()
	}
	y.Until("the watch tells the last write", func() bool { return v.synced && v.newest[y.at("part.end")].Sequence == y.barrier })
	require.NoError(y, v.ended)
	y.compare(v)
	if operations > 0 {
		y.remove()
	} else {
		v.Stop()
	}
	return operations
}

// perform lets the clients make so many calls, each one after the other, and checks them.
func (y *history) perform(calls int) {
	y.parts++
	y.trembles = false
	y.begin = memory{last: y.fence()}
	late := y.late()
	y.left, y.calls, y.known = calls, nil, [keys]uint64{}
	for _, c := range y.clients {
		y.next(c)
	}
	y.Until("all are answered, the newest is told", func() bool { return len(y.calls) == calls && y.waits == nil })
	last := y.fence()
	led := y.leads
	if y.leads = y.Leader(); led != y.leads || y.trembles {
		y.excuse()
	}
	if y.trembles {
		y.shaken++
		require.Positive(y, y.steady(), "one server leaves nothing in doubt\n%s", y)
	}
	require.Truef(y, linearizable(y.begin, telling(y.calls, y.begin.last, last)), "seed %d, %d clients, part %d: no order explains\n%s", y.seed, len(y.clients), y.parts, y)
	y.finish(late)
}

// excuse lets what was read by clients of a cluster that had no leader for a while be old.
func (y *history) excuse() {
	for i := range y.calls {
		o := &y.calls[i]
		ask, _ := o.Input.(call)
		if r, _ := o.Output.(bridge.Result); ask.changes == nil && !ask.creates {
			r.Outcome = bridge.Unknown
			o.Output = r
		}
	}
}

// fence writes a key. What comes after it knows that nothing is under way any more.
func (y *history) fence() uint64 {
	y.writes++
	y.subject[y.writes] = y.at("part.end")
	y.doubted[y.writes] = true
	y.barrier = y.clients[0].replace("part.end", data(y.writes))
	y.present[y.at("part.end")] = y.barrier
	if y.stepwise {
		y.Until("the end of a part is told", func() bool { return y.told >= y.barrier })
	}
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
	done := func(r bridge.Result) {
		y.now++
		y.keep(ask, begun, r)
		if y.stepwise && y.told < y.newest {
			y.waits = c
			return
		}
		y.next(c)
	}
	switch {
	case ask.asks:
		c.port.Info(long, func(i bridge.StreamInfo) {
			y.is(i)
			i.Result.Sequence = i.Last
			done(i.Result)
		})
	case ask.creates:
		cfg := y.Stream(y.in)
		if ask.other {
			cfg = y.Stream(y.in + "x")
		}
		c.port.Submit(bridge.Op{Create: &cfg}, long, done)
	case ask.changes != nil:
		c.port.Submit(bridge.Op{Publish: y.batch(ask.changes)}, long, done)
	default:
		c.port.Submit(bridge.Op{Get: y.at(y.name(ask.key))}, long, done)
	}
}

// String tells the part, a call a line.
func (y *history) String() string {
	var lines []string
	for _, c := range y.calls {
		r, _ := c.Output.(bridge.Result)
		lines = append(lines, fmt.Sprintf("%d–%d %v: %s", c.Call, c.Return, c.Input, answered(r, 0)))
	}
	return strings.Join(lines, "\n")
}

// answered is an answer in words, its sequences counted after one.
func answered(r bridge.Result, from uint64) string {
	return fmt.Sprintf("outcome %d, sequence %d, code %d, last %d, %q", r.Outcome, since(r.Sequence, from), r.Code, since(r.Last, from), r.Data)
}

// since counts sequences after one.
func since(sequence, from uint64) uint64 { return max(sequence, from) - from }
