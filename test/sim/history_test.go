package sim

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim/contract"
)

var (
	operations = flag.Int("operations", 5000, "how many operations TestRandom performs with each number of clients and nodes")
	seed       = flag.Uint64("seed", 1, "which they are")
)

// block is how many operations one seed draws.
const block = 5000

// several is how many clients perform operations at once.
const several = 5

func TestRandom(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		for _, clients := range []int{1, several} {
			t.Run(fmt.Sprintf("%d clients of %d nodes", clients, nodes), func(t *testing.T) {
				for s, left := *seed, *operations; left > 0; s, left = s+1, left-block {
					contract.Random(t, newHost(t, nodes, nil), s, clients, min(block, left))
				}
			})
		}
	}
}

// What is said of a history of which no order is right, of a watch that leaves something out,
// and of answers that say nothing.
const (
	unexplained = "no order explains"
	untold      = "the newest is told|a late watch tells the newest|what there is, is told first"
	undecided   = "leaves nothing in doubt|in which something was in doubt"
)

// difference is what could be answered otherwise, and what is said then.
type difference struct {
	what, said string
	plant      func(*flawed)
}

var differences = []difference{
	{"no condition is checked", unexplained, func(f *flawed) { f.op = unfenced(func(bridge.Message, int) bool { return true }) }},
	{"no condition on another key is", unexplained, func(f *flawed) {
		f.op = unfenced(func(m bridge.Message, _ int) bool { return m.Expect.Subject != m.Subject })
	}},
	{"a batch lands in parts", unexplained, func(f *flawed) { f.single = true }},
	{"a sequence is wrong", unexplained + "|" + untold, answered(bridge.Accepted, func(r *bridge.Result) { r.Sequence++ })},
	{"a refusal has no code", unexplained, answered(bridge.Refused, func(r *bridge.Result) { r.Code = 0 })},
	{"a refusal has no sequence", unexplained, answered(bridge.Refused, func(r *bridge.Result) { r.HasLast = false })},
	{"a refusal has a wrong one", unexplained, answered(bridge.Refused, func(r *bridge.Result) { r.Last++ })},
	{"a refusal has no reason", "an error says why not", answered(bridge.Refused, func(r *bridge.Result) { r.Err = nil })},
	{"what was done is refused", unexplained, answered(bridge.Accepted, func(r *bridge.Result) { *r = refused(bridge.CodeWrongSequence, "no") })},
	{"what was refused is done", unexplained + "|" + untold, answered(bridge.Refused, func(r *bridge.Result) { *r = bridge.Result{Sequence: r.Last} })},
	{"no write is decided", undecided, answered(bridge.Accepted, unknown)},
	{"no refusal is", undecided, answered(bridge.Refused, unknown)},
	{"every write meets another", "there is nothing that it could meet|most of all is decided", answered(bridge.Accepted, func(r *bridge.Result) { *r = inFlight() })},
	{"no read is answered", undecided, reads(unknown)},
	{"a read is behind", unexplained, behind},
	{"a read has another sequence", "the time of|" + unexplained, reads(func(r *bridge.Result) { r.Sequence = max(r.Sequence, 1) - 1 })},
	{"a read finds nothing", unexplained, reads(func(r *bridge.Result) { *r = bridge.Result{} })},
	{"a read is of another text", unexplained, reads(func(r *bridge.Result) { r.Data = append(slices.Clone(r.Data), '1') })},
	{"a read has no time", "what was read has a time", reads(func(r *bridge.Result) { r.Time = time.Time{} })},
	{"a read has another time", "the time of", reads(func(r *bridge.Result) {
		if r.Sequence > 0 {
			r.Time = r.Time.Add(time.Millisecond)
		}
	})},
	{"a second stream is made", unexplained, creations(bridge.Refused, func(r *bridge.Result) { *r = bridge.Result{} })},
	{"another code says why not", unexplained, creations(bridge.Refused, func(r *bridge.Result) { r.Code = codeOverlap })},
	{"the stream is refused to who made it", unexplained, creations(bridge.Accepted, func(r *bridge.Result) { *r = refused(bridge.CodeStreamExists, "no") })},
	{"the stream is otherwise", "what it was made to be", says(func(i *bridge.StreamInfo) { i.Config.DenyPurge = false })},
	{"the stream is said to be behind", unexplained, says(func(i *bridge.StreamInfo) { i.Last = max(i.Last, 1) - 1 })},
	{"the stream is said to be made anew", "the stream was made at", says(func(i *bridge.StreamInfo) { i.Created = i.Created.Add(time.Duration(i.Last)) })},
	{"nothing is known of the stream", undecided, says(func(i *bridge.StreamInfo) { *i = bridge.StreamInfo{Result: noQuorum()} })},
	{"there seems to be no stream", unexplained, says(func(i *bridge.StreamInfo) {
		*i = bridge.StreamInfo{Result: refused(bridge.CodeStreamNotFound, "no")}
	})},
	{"a watch leaves something out", untold, func(f *flawed) {
		f.sights = func(s *bridge.Sights) {
			s.Messages = slices.DeleteFunc(s.Messages, func(m bridge.Sight) bool { return m.Sequence%3 == 0 && drawn(m.Subject) })
		}
	}},
	{"a watch leaves out what there was before it", untold, func(f *flawed) { f.begun = func(s *bridge.Sights) { s.Messages = nil } }},
	{"a watch tells another text", "expected: ", seen(func(m *bridge.Sight) { m.Data = []byte("1") })},
	{"a watch tells another time", "the time of", seen(func(m *bridge.Sight) { m.Time = m.Time.Add(time.Millisecond) })},
	{"a watch tells no time", "has a time", seen(func(m *bridge.Sight) { m.Time = time.Time{} })},
	{"a watch is out of order", "in the order of the stream", func(f *flawed) {
		f.sights = func(s *bridge.Sights) { slices.Reverse(s.Messages) }
	}},
	{"a watch tells more than its keys", "is not looked for", func(f *flawed) {
		f.filter = func(filter string) string { return filter[:strings.LastIndex(filter, "part.")] + "part.>" }
	}},
}

// TestRandomNotices shows that answers are noticed that differ a little.
func TestRandomNotices(t *testing.T) {
	for _, flaw := range differences {
		for _, nodes := range []int{1, 3} {
			for _, clients := range []int{1, several} {
				run := func(t contract.T, h contract.Host) { contract.Random(t, h, 1, clients, 800) }
				require.Regexp(t, flaw.said, failure(run, nodes, flaw.plant), "%s, %d clients of %d nodes", flaw.what, clients, nodes)
			}
		}
	}
}

// unknown makes an answer say nothing.
func unknown(r *bridge.Result) { *r = lost(errNoAnswer) }

// drawn reports whether a subject is one of the random operations', not one that is
// written between them.
func drawn(subject string) bool {
	return strings.Contains(subject, ".part.") && !strings.HasSuffix(subject, ".end")
}

// answered changes the answers with an outcome.
func answered(with bridge.Outcome, change func(*bridge.Result)) func(*flawed) {
	return func(f *flawed) {
		f.result = func(op bridge.Op, r *bridge.Result) {
			if op.Publish != nil && drawn(op.Publish[0].Subject) && r.Outcome == with {
				change(r)
			}
		}
	}
}

// reads changes the answers to reads.
func reads(change func(*bridge.Result)) func(*flawed) {
	return func(f *flawed) {
		f.result = func(op bridge.Op, r *bridge.Result) {
			if op.Get != "" && drawn(op.Get) {
				change(r)
			}
		}
	}
}

// behind answers a read as it was answered before.
func behind(f *flawed) {
	before := map[string]bridge.Result{}
	f.result = func(op bridge.Op, r *bridge.Result) {
		if op.Get != "" && drawn(op.Get) {
			*r, before[op.Get] = before[op.Get], *r
		}
	}
}

// creations changes the answers to creations with an outcome.
func creations(with bridge.Outcome, change func(*bridge.Result)) func(*flawed) {
	return func(f *flawed) {
		made := false
		f.result = func(op bridge.Op, r *bridge.Result) {
			if op.Create != nil && made && r.Outcome == with {
				change(r)
			}
			made = made || op.Publish != nil && drawn(op.Publish[0].Subject)
		}
	}
}

// seen changes what watches tell.
func seen(change func(*bridge.Sight)) func(*flawed) {
	return func(f *flawed) {
		f.sights = func(s *bridge.Sights) {
			for i := range s.Messages {
				change(&s.Messages[i])
			}
		}
	}
}

// says changes what is said of the stream.
func says(change func(*bridge.StreamInfo)) func(*flawed) { return func(f *flawed) { f.info = change } }
