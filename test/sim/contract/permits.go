package contract

import (
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// contractN14Denied: what a connection may not do is told from a lost answer, is not
// done, and hinders nothing that it may do.
func contractN14Denied(b *bench) {
	c := b.open()
	was := c.accept(b.put("lead", "a", 0))
	g := &client{b, b.Restricted(0)}
	b.Until("it may ask what the stream is", func() bool { return g.info().Result.Outcome == bridge.Accepted })
	for _, op := range []bridge.Op{
		{Publish: []bridge.Message{b.put("lead", "b", was)}},
		{Publish: []bridge.Message{b.put("term", "b", 0), b.put("lead", "b", was)}},
		{Publish: []bridge.Message{b.put("lead", "b", was), b.put("term", "b", 0)}},
		{Get: b.at("lead")},
	} {
		g.denied(op)
	}
	v := g.look("lead")
	b.Until("the watch is denied", func() bool {
		if v.ended != nil && !errors.Is(v.ended, bridge.ErrDenied) {
			v.begin() // no answer, and no word of a denial in time
		}
		require.False(b, v.synced)
		return errors.Is(v.ended, bridge.ErrDenied)
	})
	require.Zero(b, c.get("term").Sequence, "nothing of a batch is written")
	require.Equal(b, was, c.get("lead").Sequence)
	b.Until("what is permitted is done", func() bool {
		r := g.publish(b.put("term", "a", c.get("term").Sequence))
		require.NotEqual(b, bridge.Denied, r.Outcome, "%v", r.Err)
		return r.Outcome == bridge.Accepted
	})
}

// denied does what must be denied, once more if neither an answer nor a denial came in
// time.
func (c *client) denied(op bridge.Op) {
	c.Helper()
	var r bridge.Result
	c.Until("it is denied", func() bool {
		r = c.do(op)
		return r.Outcome != bridge.Unknown
	})
	require.Equal(c, bridge.Denied, r.Outcome, "%v", r.Err)
	require.Error(c, r.Err)
}
