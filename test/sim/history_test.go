package sim

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim/contract"
)

var operations = flag.Int("operations", 5000, "how many operations TestRandom performs")

// several is how many clients perform operations at once.
const several = 5

func TestRandom(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		for _, clients := range []int{1, several} {
			t.Run(fmt.Sprintf("%d clients of %d nodes", clients, nodes), func(t *testing.T) {
				contract.Random(t, newHost(t, nodes, nil), 1, clients, *operations/4)
			})
		}
	}
}

// unexplained is what is said of a history of which no order is right.
const unexplained = "no order explains"

// TestRandomNotices shows that answers are noticed that differ a little.
func TestRandomNotices(t *testing.T) {
	for _, flaw := range []struct {
		what, said string
		plant      func(*flawed)
	}{
		{"no condition is checked", unexplained, func(f *flawed) { f.op = unfenced(func(bridge.Message, int) bool { return true }) }},
		{"no condition on another key is", unexplained, func(f *flawed) {
			f.op = unfenced(func(m bridge.Message, _ int) bool { return m.Expect.Subject != m.Subject })
		}},
		{"a batch lands in parts", unexplained, func(f *flawed) { f.single = true }},
		{"a sequence is wrong", unexplained, answered(bridge.Accepted, func(r *bridge.Result) { r.Sequence++ })},
		{"a refusal has no code", unexplained, answered(bridge.Refused, func(r *bridge.Result) { r.Code = 0 })},
		{"a refusal has no sequence", unexplained, answered(bridge.Refused, func(r *bridge.Result) { r.HasLast = false })},
		{"a refusal has a wrong one", unexplained, answered(bridge.Refused, func(r *bridge.Result) { r.Last++ })},
		{"what was done is refused", unexplained, answered(bridge.Accepted, func(r *bridge.Result) { r.Outcome = bridge.Refused })},
		{"what was refused is done", unexplained, answered(bridge.Refused, func(r *bridge.Result) { r.Outcome = bridge.Accepted })},
		{"a read is behind", unexplained, func(f *flawed) {
			f.result = func(op bridge.Op, r *bridge.Result) {
				if op.Get != "" && drawn(op.Get) && r.Sequence > 0 {
					r.Sequence--
				}
			}
		}},
		{"a watch leaves something out", "the newest is told", func(f *flawed) {
			f.sights = func(s *bridge.Sights) {
				s.Messages = slices.DeleteFunc(s.Messages, func(m bridge.Sight) bool { return m.Sequence%3 == 0 && drawn(m.Subject) })
			}
		}},
		{"a watch tells another text", "expected: ", func(f *flawed) {
			f.sights = func(s *bridge.Sights) {
				for i := range s.Messages {
					s.Messages[i].Data = []byte("1")
				}
			}
		}},
		{"a watch is out of order", "in the order of the stream", func(f *flawed) {
			f.sights = func(s *bridge.Sights) { slices.Reverse(s.Messages) }
		}},
	} {
		for _, clients := range []int{1, several} {
			run := func(t contract.T, h contract.Host) { contract.Random(t, h, 1, clients, 400) }
			require.Contains(t, failure(run, 1, flaw.plant), flaw.said, "%s, %d clients", flaw.what, clients)
		}
	}
}

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
