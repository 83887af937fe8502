package contract

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

func contractN1Fence(b *bench) {
	c := b.open()
	term := c.accept(b.put("term", "a", 0))
	fenced := func() bridge.Result { return c.publish(b.fenced("journal.1", "x", "term", term)) }
	require.Equal(b, bridge.Accepted, fenced().Outcome)
	require.Equal(b, bridge.Accepted, fenced().Outcome, "what it writes does not matter to the fence")
	next := c.accept(b.put("term", "b", term))
	was := c.get("journal.1").Sequence
	c.fencedOff(fenced(), next, "the term moved on")
	require.Equal(b, was, c.get("journal.1").Sequence, "nothing was written")
}

// contractN1InsideOneStream: whatever a term fences has to be in its stream.
func contractN1InsideOneStream(b *bench) {
	c := b.open()
	c.accept(b.put("term", "a", 0))
	elsewhere := func(sequence uint64) bridge.Result {
		m := b.put("head", "x", sequence)
		m.Expect.Subject = b.Prefix(second) + "term"
		return c.publish(m)
	}
	require.Equal(b, bridge.Accepted, elsewhere(0).Outcome, "it is not there, says this stream")
	c.fencedOff(elsewhere(1), 0, "whatever it is elsewhere")
}

// contractN1Filter: what a filter must have is the newest of all that match it.
func contractN1Filter(b *bench) {
	c := b.open()
	c.accept(b.put("asg.v.0", "a", 0))
	one := c.accept(b.put("asg.w.1", "a", 0))
	two := c.accept(b.put("asg.w.2", "a", 0))
	c.accept(b.put("asg.v.1", "a", 0))
	both := func(expect uint64) []bridge.Message {
		return []bridge.Message{{Subject: b.at("journal.1"), Data: []byte("j")}, b.fenced("asg.w.0", "b", "asg.w.*", expect)}
	}
	c.fencedOff(c.publish(both(one)...), two, "the second is newer")
	three := c.accept(both(two)...)
	require.Equal(b, three, c.get("asg.w.0").Sequence)
	one = c.accept(b.put("asg.w.1", "b", one))
	c.fencedOff(c.publish(both(three)...), one, "the first was written over")
	c.fencedOff(c.publish(b.fenced("asg.w.0", "b", "asg.w.*", three)), one, "the same of a single message")
	c.fencedOff(c.publish(b.fenced("asg.w.0", "b", "asg.u.*", three)), 0, "there is none")
	require.Equal(b, three, c.get("asg.w.0").Sequence, "nothing was written")
	c.accept(both(one)...)
}

// hazard 45
func contractN2Batch(b *bench) {
	c := b.open()
	term := c.accept(b.put("term", "a", 0))
	live := c.accept(b.put("live.w", "a", 0))
	batch := func(term, live uint64) []bridge.Message {
		return []bridge.Message{
			b.fenced("journal.1", "j", "term", term), b.put("head", "h", 0),
			b.put("live.w", "fence", live),
			{Subject: b.at("asg.w.0"), Data: []byte("a")},
		}
	}
	renewed := c.accept(b.put("live.w", "b", live))
	names := []string{"journal.1", "head", "live.w", "asg.w.0"}
	for why, stale := range map[string][]bridge.Message{
		"a term that moved":    batch(term+9, renewed),
		"a worker that renews": batch(term, live),
	} {
		r := c.publish(stale...)
		require.Equal(b, bridge.Refused, r.Outcome, why)
		require.Equal(b, bridge.CodeWrongSequence, r.Code, why)
		for _, name := range []string{"journal.1", "head", "asg.w.0"} {
			require.Zero(b, c.get(name).Sequence, "%s: nothing of it landed", why)
		}
		require.Equal(b, renewed, c.get("live.w").Sequence, why)
	}
	require.Equal(b, renewed+4, c.accept(batch(term, renewed)...), "the answer has the last sequence")
	for i, name := range names {
		require.Equal(b, renewed+1+uint64(i), c.get(name).Sequence, "sequences are consecutive: %s", name)
	}
}

func contractN2Limit(b *bench) {
	c := b.open()
	batch := make([]bridge.Message, bridge.MaxBatch+1)
	for i := range batch {
		batch[i] = b.put(fmt.Sprintf("asg.w%d.0", i), "a", 0)
	}
	require.Equal(b, bridge.Refused, c.publish(batch...).Outcome)
	require.Zero(b, c.info().Last, "nothing of it landed")
	require.EqualValues(b, bridge.MaxBatch, c.accept(batch[:bridge.MaxBatch]...))
}

// contractN2Takeover: a batch that meets a takeover lands before it, or not at all.
func contractN2Takeover(b *bench) {
	old, next := b.open(), b.also(b.Nodes()-1)
	term := old.accept(b.put("term", "0", 0))
	for round := range 8 {
		names := []string{fmt.Sprintf("asg.w%d.0", round), fmt.Sprintf("asg.w%d.1", round)}
		batch := old.send(b.fenced(names[0], "a", "term", term), bridge.Message{Subject: b.at(names[1]), Data: []byte("b")})
		taken := next.send(b.put("term", "next", term))
		b.Until("both end", func() bool { return batch.got && taken.got })
		if taken.Outcome != bridge.Accepted { // it met the batch
			require.Equal(b, bridge.Unknown, taken.Outcome, "%v", taken.Err)
			taken.Sequence = next.replace("term", "next")
		}
		one, two := old.get(names[0]).Sequence, old.get(names[1]).Sequence
		if one == 0 {
			require.Zero(b, two, "not at all")
			require.NotEqual(b, bridge.Accepted, batch.Outcome)
		} else {
			require.Equal(b, one+1, two, "whole")
			require.Less(b, one, taken.Sequence, "before the takeover")
		}
		r := old.publish(b.fenced(names[0], "late", "term", term), b.put("late", "b", 0))
		require.Equal(b, bridge.Refused, r.Outcome)
		require.Equal(b, bridge.CodeWrongSequence, r.Code)
		term = taken.Sequence
	}
}

func contractN3Fence(b *bench) {
	c := b.open()
	term := c.accept(b.put("term", "a", 0))
	taken := c.accept(b.put("lead", "0", 0))
	lead := taken
	for range 5 {
		lead = c.accept(b.put("lead", "renewed", lead))
		c.accept(b.fenced("head", "h", "term", term))
	}
	c.fencedOff(c.publish(b.fenced("head", "h", "lead", taken)), lead, "a fence on lead ends with its first renewal")
}

func contractN5Zombies(b *bench) {
	c := b.open()
	term := c.replace("term", "0")
	z := &zombie{client: b.also(b.Nodes() - 1)}
	for round := range 4 {
		for i := range 4 {
			z.write(fmt.Sprintf("journal.%d", i), term)
		}
		before := z.ended
		b.Until("zombies write", func() bool { return z.ended >= before+8 })
		if round%2 == 1 {
			b.StepDown()
		}
		next := c.replace("term", "next")
		z.fence(term, next)
		before = z.ended
		b.Until("zombies write on", func() bool { return z.ended >= before+8 })
		term = next
	}
	z.over = true
	b.Until("the zombies end", func() bool { return z.running == 0 })
	require.Positive(b, z.landed, "before their terms ended")
	require.Positive(b, z.refused, "and not after")
	require.EqualValues(b, term, c.found("term").Sequence)
}

// zombie writes for ever with the fence of a term, as fast as it is answered.
type zombie struct {
	*client
	over                            bool
	running, ended, landed, refused int
	until                           map[uint64]uint64 // by term: the sequence of the next one
}

func (z *zombie) fence(term, next uint64) {
	if z.until == nil {
		z.until = map[uint64]uint64{}
	}
	z.until[term] = next
}

func (z *zombie) write(name string, term uint64) {
	z.running++
	over := z.until[term] // known before it is sent
	z.port.Submit(bridge.Op{Publish: []bridge.Message{z.fenced(name, "z", "term", term)}}, long, func(r bridge.Result) {
		z.running--
		z.ended++
		next := z.until[term]
		switch r.Outcome {
		case bridge.Accepted:
			z.landed++
			require.Zero(z, over, "a zombie's write was accepted")
			require.False(z, next != 0 && r.Sequence > next, "it landed after the takeover")
		case bridge.Refused:
			z.refused++
			require.Equal(z, bridge.CodeWrongSequence, r.Code, "%v", r.Err)
			require.Greater(z, r.Last, term, "fenced, final")
		default:
			require.Equal(z, bridge.Unknown, r.Outcome, "%v", r.Err)
		}
		if !z.over {
			z.write(name, term)
		}
	})
}
