package bridge

import (
	"maps"
	"slices"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// The kinds of operations that are counted.
const (
	writing    = "write"
	readingOne = "read"
	watchingIt = "watch"
	ofStream   = "stream"
	probing    = "probe"
)

// counts is what the outside has done.
type counts struct {
	messages.Counts
	kinds map[string]*messages.Operations
}

func newCounts() counts {
	c := counts{kinds: map[string]*messages.Operations{}}
	for _, kind := range []string{writing, readingOne, watchingIt, ofStream, probing} {
		c.kinds[kind] = &messages.Operations{Kind: kind}
	}
	return c
}

// ended counts what became of an operation.
func (c *counts) ended(kind string, r Result) {
	k := c.kinds[kind]
	switch r.Outcome {
	case Accepted:
		k.Accepted++
	case Denied:
		k.Denied++
	case Unknown:
		k.Unknown++
	default:
		if r.Code == CodeWrongSequence {
			k.Conflicted++
		} else {
			k.Refused++
		}
	}
}

func (c *counts) unsent(kind string) { c.kinds[kind].Unsent++ }

// turnAway rejects what is not sent.
func (o *outside) turnAway(x *op, reason string, final bool) {
	o.counts.unsent(writing)
	o.reject(x, reason, final)
}

// led counts what a leader's batch did that was accepted.
func (c *counts) led(writes []messages.Write) {
	var step partition.Step
	for _, w := range writes {
		switch r := w.Record.(type) {
		case partition.Journal:
			step = r.Step
			c.Publishes++
			c.Moves += len(r.Moves) + r.More
		case partition.Live:
			if r.Fence != nil {
				c.Fences++
			}
		case partition.Assignment:
			for _, revoke := range r.Revoking {
				if revoke.Step == step { // the others were told before
					c.Revokes++
				}
			}
		}
	}
}

// told returns a copy for whoever asked.
func (c *counts) told() messages.Counts {
	all := c.Counts
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		all.Operations = append(all.Operations, *c.kinds[kind])
	}
	return all
}
