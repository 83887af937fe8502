//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

const sec = time.Second

// tale is a made-up run: two workers, a and b, share the partitions p and q, with
// half a second to stop a handler.
type tale struct{ events []event }

func (t *tale) add(at time.Duration, who string, w what, change func(*event)) *tale {
	e := event{At: at, Who: who, What: w, Partition: "p", Session: partition.SessionID("s-" + who)}
	if change != nil {
		change(&e)
	}
	t.events = append(t.events, e)
	return t
}

func (t *tale) do(at time.Duration, who string, w what) *tale { return t.add(at, who, w, nil) }

func (t *tale) hold(at time.Duration, who string, k partition.Token, until time.Duration) *tale {
	return t.add(at, who, hold, func(e *event) { e.Token, e.Until = k, until })
}

func (t *tale) act(at time.Duration, who string, k partition.Token) *tale {
	return t.add(at, who, act, func(e *event) { e.Token = k })
}

func (t *tale) lease(at time.Duration, who string, until time.Duration) *tale {
	return t.add(at, who, lease, func(e *event) { e.Until = until })
}

// runs has a worker say from one time to another that it runs.
func (t *tale) runs(who string, from, to time.Duration) *tale {
	for at := from; at <= to; at += beat {
		t.do(at, who, pulse)
	}
	return t
}

func begin() *tale {
	return (&tale{}).do(0, "a", born).do(0, "b", born)
}

// told feeds a tale in the order of its times.
func (t *tale) told() *checker {
	slices.SortStableFunc(t.events, func(x, y event) int { return int(x.At - y.At) })
	c := newChecker(sec/2, []partition.PartitionID{"p", "q"}, 0)
	for _, e := range t.events {
		c.feed(e)
	}
	return c
}

var tales = map[string]struct {
	tale *tale
	says string // "" if nothing is wrong
}{
	"moved": {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", drop).hold(2*sec, "b", 6, 9*sec).act(3*sec, "b", 6), ""},
	"two owners": {
		begin().hold(1*sec, "a", 5, 9*sec).hold(2*sec, "b", 6, 9*sec), "p is owned by b (token 6",
	},
	"two owners, and only one acts": {
		begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", stopped).hold(3*sec, "b", 6, 9*sec), "p is owned by b (token 6",
	},
	"the lease was over": {
		begin().hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", stopped).hold(5*sec, "b", 6, 9*sec), "",
	},
	"the owner was dead": {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", died).hold(3*sec, "b", 6, 9*sec), ""},
	"a lease that comes to life again": {
		begin().hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", stopped).hold(5*sec, "b", 6, 9*sec).
			do(6*sec, "a", woken).lease(6*sec, "a", 8*sec), "p is owned by a (token 5",
	},
	"another session's lease is nothing to a handler of the past": {
		begin().hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", stopped).hold(5*sec, "b", 6, 9*sec).do(6*sec, "a", woken).
			add(6*sec, "a", lease, func(e *event) { e.Session, e.Until = "another", 9*sec }), "",
	},
	"two handlers in one process": {begin().hold(1*sec, "a", 5, 9*sec).hold(2*sec, "a", 6, 9*sec), "another handler of it"},
	"an older token":              {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", drop).hold(3*sec, "b", 4, 9*sec), "under token 4 after a had token 5"},
	"the same token": {
		begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", drop).hold(3*sec, "b", 5, 9*sec), "under token 5 after a had token 5",
	},
	"the same token again": {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", drop).hold(3*sec, "a", 5, 9*sec), ""},
	"it slept while it began": {
		begin().do(2*sec, "a", stopped).hold(5*sec, "b", 6, 9*sec).do(6*sec, "a", woken).hold(6*sec, "a", 5, 4*sec).
			do(6*sec+1, "a", drop), "",
	},
	"no such partition": {
		begin().add(1*sec, "a", hold, func(e *event) { e.Partition = "x" }), "does not exist",
	},
	"an effect without a beginning": {begin().act(1*sec, "a", 5), "did not begin"},
	"it does not stop":              {begin().hold(1*sec, "a", 5, 4*sec).runs("a", 0, 5*sec), "still works on p"},
	"it stops late":                 {begin().runs("a", 0, 5*sec).hold(1*sec, "a", 5, 4*sec).do(4*sec+1, "a", drop), "still works on p"},
	"it acts late":                  {begin().runs("a", 0, 4*sec).hold(1*sec, "a", 5, 4*sec).act(4*sec+1, "a", 5), "still works on p"},
	"it stops at the last instant":  {begin().runs("a", 0, 5*sec).hold(1*sec, "a", 5, 4*sec).do(4*sec, "a", drop), ""},
	"it slept, and stops when it wakes": {
		begin().runs("a", 0, 2*sec).hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", stopped).do(8*sec, "a", woken).
			act(8*sec+1, "a", 5).do(8*sec+sec/2, "a", drop), "",
	},
	"it slept, and does not stop when it wakes": {
		begin().runs("a", 0, 2*sec).hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", stopped).do(8*sec, "a", woken).
			runs("a", 8*sec, 8*sec+sec/2).do(8*sec+sec/2+1, "a", drop), "still works on p",
	},
	"the machine had no time for it": {
		begin().runs("a", 0, 2*sec).hold(1*sec, "a", 5, 4*sec).runs("a", 8*sec, 8*sec+sec/4).do(8*sec+sec/4, "a", drop), "",
	},
	"who knows": {begin().do(1*sec, "a", "hum"), `says "hum"`},
}

func TestChecker_FindsViolations(t *testing.T) {
	for name, c := range tales {
		t.Run(name, func(t *testing.T) {
			wrong := strings.Join(c.tale.told().wrong, "\n")
			if c.says == "" {
				require.Empty(t, wrong)
			} else {
				require.Contains(t, wrong, c.says)
			}
		})
	}
}

// Effects of a handler whose process slept through the end of its lease: those
// before somebody else has the partition harm nobody, all others are refused.
func TestChecker_CountsEffectsOfThePast(t *testing.T) {
	c := begin().hold(1*sec, "a", 5, 4*sec).act(2*sec, "a", 5).do(3*sec, "a", stopped).
		do(5*sec, "a", woken).act(5*sec+1, "a", 5).hold(5*sec+2, "b", 6, 9*sec).act(5*sec+3, "a", 5).do(5*sec+4, "a", drop).told()
	require.Empty(t, c.wrong)
	require.Equal(t, []int{2, 3, 1, 1}, []int{c.grants, c.acts, c.past, c.refused})
}

func TestChecker_Coverage(t *testing.T) {
	c := begin().hold(1*sec, "a", 5, 4*sec).add(1*sec, "b", hold, func(e *event) { e.Partition, e.Token, e.Until = "q", 5, 9*sec }).
		do(2*sec, "", calm).do(2*sec, "a", stopped).told()
	require.Equal(t, 2*sec, c.covered)
	require.Equal(t, 1*sec, c.gap, "from the beginning")

	c.gap = 0
	for _, e := range begin().do(5*sec, "", calm).hold(7*sec, "b", 6, 9*sec).events[2:] {
		c.feed(e)
		require.Equal(t, e.What == hold, c.covered != 0)
	}
	require.Equal(t, 7*sec, c.covered)
	require.Equal(t, 3*sec, c.gap, "from the end of the lease")
	require.Empty(t, c.missing())
	require.Empty(t, c.wrong)

	c.feed(event{At: 9 * sec, Who: "b", What: died})
	require.Equal(t, []partition.PartitionID{"p", "q"}, c.missing())
}
