package contract

import (
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// contractN8Authorises: what was read may be replaced before it is acted on. Only a
// condition finds that out.
func contractN8Authorises(b *bench) {
	c := b.open()
	other := b.also(b.Nodes() - 1)
	was := c.replace("lead", "a")
	read := c.get("lead")
	require.Equal(b, was, read.Sequence)
	now := other.accept(b.put("lead", "b", was))
	c.fencedOff(c.publish(b.put("lead", "c", read.Sequence)), now, "what was read is old")
	c.fencedOff(c.publish(b.fenced("journal.1", "c", "lead", read.Sequence)), now, "what was read is old")
	require.Zero(b, c.get("journal.1").Sequence)
	require.Equal(b, "b", string(c.get("lead").Data))
}

// contractN8CutOff: a server that was cut off goes on answering what it knew, or says
// nothing. Nobody can tell by a read which it is, and nothing that rests on one gets in.
func contractN8CutOff(b *bench) {
	b.open()
	lead := b.Leader()
	stuck, other := b.also(lead), b.also((lead+1)%3)
	was := other.replace("lead", "a")
	b.Until("it is read there", func() bool { return stuck.get("lead").Sequence == was })
	b.Isolate(lead)
	now := other.replace("lead", "b")
	read, write := stuck.try(bridge.Op{Get: b.at("lead")}), stuck.send(b.put("lead", "c", was))
	b.Until("both end", func() bool { return read.got && write.got })
	if read.Outcome == bridge.Accepted {
		require.Equal(b, was, read.Sequence, "nothing of the others comes through")
		require.Equal(b, "a", string(read.Data))
	} else {
		require.Equal(b, bridge.Unknown, read.Outcome, "%v", read.Err)
	}
	require.Equal(b, bridge.Unknown, write.Outcome, "%v", write.Err)
	b.Heal()
	back := b.join(lead)
	for _, c := range []*client{stuck, back, other} {
		b.Until("a read is right again", func() bool { // they go through whoever leads the stream
			b.Pause()
			return c.get("lead").Sequence == now
		})
	}
	require.Equal(b, "b", string(other.found("lead").Data))
}
