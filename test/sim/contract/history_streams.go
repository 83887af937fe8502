package contract

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// create makes the next stream: of the clients that try at once, each an incarnation of its
// own, one does.
func (y *history) create() {
	var before time.Time
	if y.era != nil {
		before = y.made
	}
	y.streams++
	y.era = &era{
		written: map[uint64]held{}, doubted: map[int]bool{}, subject: map[int]string{}, present: map[string]uint64{}, times: map[uint64]time.Time{},
	}
	y.in = ""
	y.Until("a stream is made", func() bool {
		var tries []*answer
		for i, c := range y.clients {
			cfg := y.Stream(y.incarnation(i))
			tries = append(tries, c.try(bridge.Op{Create: &cfg}))
		}
		for i, a := range tries {
			y.Until("a creation ends", func() bool { return a.got })
			switch {
			case a.Outcome == bridge.Accepted:
				require.Empty(y, y.in, "one stream is made")
				y.in = y.incarnation(i)
			case a.Outcome == bridge.Unknown && y.Nodes() > 1:
				y.Pause()
			default:
				require.Equal(y, bridge.CodeStreamExists, a.Code, "%v", a.Err)
			}
		}
		return y.in != ""
	})
	for _, c := range y.clients {
		y.is(c.reached().info())
	}
	require.True(y, y.made.IsZero() || y.made.After(before), "%s after %s", y.made, before)
}

func (y *history) incarnation(client int) string { return fmt.Sprintf("s%dc%d", y.streams, client) }

// remove deletes the stream and looks what is answered then.
func (y *history) remove() {
	y.main.hear = func(m bridge.Sight) {
		require.Failf(y, "a watch tells of another stream", "%s at %d", m.Subject, m.Sequence)
	}
	y.Delete()
	for _, c := range y.clients {
		r := c.publish(y.put("part.end", "0", 0))
		require.Equal(y, bridge.Unknown, r.Outcome, "a write finds no stream: %v", r.Err)
		for _, r := range []bridge.Result{c.get("part.end"), c.info().Result} {
			if r.Outcome != bridge.Unknown || y.Nodes() == 1 {
				require.Equal(y, bridge.Refused, r.Outcome, "there is no stream")
				require.Equal(y, bridge.CodeStreamNotFound, r.Code, "there is no stream: %v", r.Err)
			}
		}
	}
	y.settle()
}

// watch begins a watch of all that is written.
func (y *history) watch() *view {
	y.main = y.clients[0].look("part.>")
	y.hears(y.main, func(m bridge.Sight) {
		y.told = m.Sequence
		if y.stepwise && m.Subject != y.at("part.end") {
			y.tellings = append(y.tellings, fmt.Sprintf("%s at %d: %q", strings.TrimPrefix(m.Subject, y.at("")), m.Sequence-y.begin.last, m.Data))
		}
		if c := y.waits; c != nil && y.told >= y.newest {
			y.waits = nil
			y.next(c)
		}
	})
	return y.main.pass()
}

// hears checks what a watch tells.
func (y *history) hears(v *view, then func(bridge.Sight)) {
	of, last := v.Watching, uint64(0)
	v.hear = func(m bridge.Sight) {
		if of != v.Watching {
			of, last = v.Watching, 0 // it was begun again
		}
		require.Greater(y, m.Sequence, last, "in the order of the stream")
		last = m.Sequence
		y.sees(m)
		then(m)
	}
}

// late is a watch that begins when there is something.
type late struct {
	*view
	wants func(subject string) bool
}

// late sometimes begins one: of all, of a key of all parts, or of this part, before the
// calls of the part, or among them.
func (y *history) late() *late {
	if y.rng.IntN(3) > 0 {
		return nil
	}
	key := y.rng.IntN(keys)
	all, here := y.at("part."), y.at(fmt.Sprintf("part.%d.", y.parts))
	w, filter := &late{}, ""
	switch y.rng.IntN(3) {
	case 0:
		filter, w.wants = "part.>", func(s string) bool { return strings.HasPrefix(s, all) }
	case 1:
		filter, w.wants = fmt.Sprintf("part.*.%d", key), func(s string) bool { return strings.HasSuffix(s, fmt.Sprintf(".%d", key)) }
	case 2:
		filter, w.wants = fmt.Sprintf("part.%d.*", y.parts), func(s string) bool { return strings.HasPrefix(s, here) }
	}
	w.view = y.clients[y.rng.IntN(len(y.clients))].look(filter)
	y.hears(w.view, func(m bridge.Sight) { require.True(y, w.wants(m.Subject), "%s is not looked for", m.Subject) })
	if y.rng.IntN(2) == 0 {
		y.complete(w.pass(), w.wants, "what there is, is told first")
	}
	w.hold = y.rng.IntN(2) == 0
	return w
}

// finish waits until a late watch has told the newest of all.
func (y *history) finish(w *late) {
	if w == nil {
		return
	}
	w.hold = false
	w.Next()
	y.Until("a late watch tells the newest", func() bool {
		w.pass()
		for subject, sequence := range y.present {
			if w.wants(subject) && w.newest[subject].Sequence < sequence {
				return false
			}
		}
		return true
	})
	require.NoError(y, w.ended)
	y.complete(w.view, w.wants, "the newest is told")
	w.Stop()
}
