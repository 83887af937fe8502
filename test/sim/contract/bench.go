package contract

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// Incarnations of the stream.
const (
	first  = "one"
	second = "two"
)

// long is what an operation may take: more than a host gives it.
const long = time.Hour

// bench is a host with a test, and what cases do with it.
type bench struct {
	T
	Host
	in string // the present incarnation
}

// at is the subject of a key.
func (b *bench) at(name string) string { return b.Prefix(b.in) + name }

// put writes a key if it has this sequence.
func (b *bench) put(name, data string, expect uint64) bridge.Message {
	return b.fenced(name, data, name, expect)
}

// fenced writes a key if another one has this sequence.
func (b *bench) fenced(name, data, fence string, expect uint64) bridge.Message {
	return bridge.Message{
		Subject: b.at(name), Data: []byte(data), Expect: &bridge.Expectation{Subject: b.at(fence), Sequence: expect},
	}
}

// client is a connection to the host.
type client struct {
	*bench
	port bridge.Port
}

// join opens a connection.
func (b *bench) join(node int) *client { return &client{b, b.Connect(node)} }

// open opens a connection and makes the stream.
func (b *bench) open() *client {
	b.Helper()
	c := b.join(0)
	cfg := b.Stream(b.in)
	c.insist(bridge.Op{Create: &cfg})
	return c.reached()
}

// also opens a connection to a stream that there is.
func (b *bench) also(node int) *client { return b.join(node).reached() }

// reached waits until the stream can be written to: the servers learn only after its
// creation where it is led.
func (c *client) reached() *client {
	c.Until("the stream is reached", func() bool {
		r := c.publish(c.put("none", "", 1<<40))
		if r.Outcome != bridge.Refused {
			c.Pause()
		}
		return r.Outcome == bridge.Refused
	})
	return c
}

// settle lasts, after a deletion, until the server is sure to have moved the files away. Those
// of a stream made before would go with them, and it stores nothing.
func (b *bench) settle() {
	for range 60 {
		b.Pause()
	}
}

// answer is the result of an operation, when it has one.
type answer struct {
	bridge.Result
	got bool
}

// try begins an operation.
func (c *client) try(op bridge.Op) *answer {
	a := &answer{}
	c.port.Submit(op, long, func(r bridge.Result) {
		require.False(c, a.got, "one answer")
		*a = answer{r, true}
	})
	return a
}

// send begins a publish.
func (c *client) send(batch ...bridge.Message) *answer { return c.try(bridge.Op{Publish: batch}) }

// do does an operation to its end.
func (c *client) do(op bridge.Op) bridge.Result {
	a := c.try(op)
	c.Until("an operation ends", func() bool { return a.got })
	return a.Result
}

// publish writes one message, or several at once.
func (c *client) publish(batch ...bridge.Message) bridge.Result {
	return c.do(bridge.Op{Publish: batch})
}

// get reads a key.
func (c *client) get(name string) bridge.Result { return c.do(bridge.Op{Get: c.at(name)}) }

// found reads a key, whatever is going on.
func (c *client) found(name string) bridge.Result { return c.insist(bridge.Op{Get: c.at(name)}) }

// accept writes, which must be accepted, and returns the sequence.
func (c *client) accept(batch ...bridge.Message) uint64 {
	c.Helper()
	r := c.publish(batch...)
	require.Equal(c, bridge.Accepted, r.Outcome, "%v", r.Err)
	return r.Sequence
}

// insist repeats an operation while nothing is known of it: a question that comes between two
// leaders of the stream has no answer.
func (c *client) insist(op bridge.Op) (r bridge.Result) {
	c.Helper()
	c.Until("an operation is accepted", func() bool {
		r = c.do(op)
		if r.Outcome != bridge.Accepted {
			c.Pause()
		}
		return r.Outcome == bridge.Accepted
	})
	return r
}

// replace writes a key whatever it has, however long that takes, and returns the
// sequence. One that comes after it knows that nothing is under way any more.
func (c *client) replace(name, data string) uint64 {
	c.Helper()
	var r bridge.Result
	c.Until(name+" is replaced", func() bool {
		now := c.get(name)
		if now.Outcome == bridge.Accepted {
			if r = c.publish(c.put(name, data, now.Sequence)); r.Outcome == bridge.Accepted {
				return true
			}
		}
		c.Pause()
		return false
	})
	return r.Sequence
}

// info asks what the stream is.
func (c *client) info() bridge.StreamInfo {
	var got bridge.StreamInfo
	done := false
	c.port.Info(long, func(i bridge.StreamInfo) { got, done = i, true })
	c.Until("what the stream is", func() bool { return done })
	return got
}

// fencedOff checks that a condition did not hold, and never will.
func (c *client) fencedOff(r bridge.Result, last uint64, why string) {
	c.Helper()
	require.Equal(c, bridge.Refused, r.Outcome, "%s: %v", why, r.Err)
	require.Equal(c, bridge.CodeWrongSequence, r.Code, why)
	require.True(c, r.HasLast, why)
	require.Equal(c, last, r.Last, why)
	require.Error(c, r.Err, why)
}

// view is a watch and what it told.
type view struct {
	bridge.Watching
	b      *bench
	begin  func()
	newest map[string]bridge.Sight
	calls  int
	synced bool
	ended  error
	hold   bool // no Next
	hear   func(bridge.Sight)
}

// look begins a watch.
func (c *client) look(name string) *view {
	v := &view{b: c.bench}
	v.begin = func() {
		v.newest, v.ended = map[string]bridge.Sight{}, nil
		v.Watching = c.port.Watch(c.at(name), long, v.each, func(err error) { v.ended = err })
	}
	v.begin()
	return v
}

func (v *view) each(s bridge.Sights) {
	v.calls++
	require.False(v.b, v.synced && !s.Synced, "once synced, always synced")
	v.synced = s.Synced
	told := map[string]bool{}
	for _, m := range s.Messages {
		require.False(v.b, told[m.Subject], "one a subject")
		require.GreaterOrEqual(v.b, m.Sequence, v.newest[m.Subject].Sequence, "never back")
		told[m.Subject], v.newest[m.Subject] = true, m
		if v.hear != nil {
			v.hear(m)
		}
	}
	if !v.hold {
		v.Next()
	}
}

// pass waits for the end of the first pass. A watch that did not begin in time is begun
// again: a host that may be cut off gives no answer much time.
func (v *view) pass() *view {
	v.b.Helper()
	v.b.Until("the first pass", func() bool {
		if v.ended != nil && !v.synced {
			v.b.Pause()
			v.begin()
		}
		return v.synced
	})
	require.NoError(v.b, v.ended)
	return v
}

// has waits until a key was told with this sequence, the first pass over.
func (v *view) has(name string, sequence uint64) {
	v.b.Helper()
	v.b.Until(name+" is told", func() bool { return v.synced && v.newest[v.b.at(name)].Sequence == sequence })
}
