package umpire

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

const sec = time.Second

var (
	settings = partition.Settings{DrainTimeout: sec / 2}
	lots     = []partition.Partition{partition.Of("p"), partition.Of("q")}
)

// tale is a made-up run: two workers, a and b, share the partitions p and q, with
// half a second to stop a handler.
type tale struct{ events []Event }

func (t *tale) add(at time.Duration, who string, w What, change func(*Event)) *tale {
	e := Event{At: at, Who: who, What: w, Partition: "p", Session: partition.SessionID("s-" + who)}
	if change != nil {
		change(&e)
	}
	t.events = append(t.events, e)
	return t
}

func (t *tale) do(at time.Duration, who string, w What) *tale { return t.add(at, who, w, nil) }

func (t *tale) hold(at time.Duration, who string, k partition.Token, until time.Duration) *tale {
	return t.add(at, who, Hold, func(e *Event) { e.Token, e.Until = k, until })
}

func (t *tale) act(at time.Duration, who string, k partition.Token) *tale {
	return t.add(at, who, Act, func(e *Event) { e.Token = k })
}

func (t *tale) lease(at time.Duration, who string, until time.Duration) *tale {
	return t.add(at, who, Lease, func(e *Event) { e.Until = until })
}

// says has a say how many partitions it owns.
func (t *tale) says(at time.Duration, owns int, until time.Duration) *tale {
	return t.add(at, "a", Lease, func(e *Event) { e.Asked, e.Owns, e.Until = at, owns, until })
}

// runs has a worker say from one time to another that it runs.
func (t *tale) runs(who string, from, to time.Duration) *tale {
	for at := from; at <= to; at += Beat {
		t.do(at, who, Pulse)
	}
	return t
}

func begin() *tale {
	return (&tale{}).do(0, "a", Born).do(0, "b", Born)
}

// told feeds a tale in the order of its times.
func (t *tale) told() *Umpire { return t.toldOf(settings) }

func (t *tale) toldOf(s partition.Settings) *Umpire {
	slices.SortStableFunc(t.events, func(x, y Event) int { return int(x.At - y.At) })
	c := New(s, lots, 0)
	for _, e := range t.events {
		c.feed(e)
	}
	return c
}

var tales = map[string]struct {
	tale *tale
	says string // "" if nothing is wrong
}{
	"moved": {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", Drop).hold(2*sec, "b", 6, 9*sec).act(3*sec, "b", 6), ""},
	"two owners": {
		begin().hold(1*sec, "a", 5, 9*sec).hold(2*sec, "b", 6, 9*sec), "p is owned by b (token 6",
	},
	"two owners, and only one acts": {
		begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", Stopped).hold(3*sec, "b", 6, 9*sec), "p is owned by b (token 6",
	},
	"the lease was over": {
		begin().hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", Stopped).hold(5*sec, "b", 6, 9*sec), "",
	},
	"the owner was dead": {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", Died).hold(3*sec, "b", 6, 9*sec), ""},
	"a lease that comes to life again": {
		begin().hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", Stopped).hold(5*sec, "b", 6, 9*sec).
			do(6*sec, "a", Woken).lease(6*sec, "a", 8*sec), "p is owned by a (token 5",
	},
	"another session's lease is nothing to a handler of the past": {
		begin().hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", Stopped).hold(5*sec, "b", 6, 9*sec).do(6*sec, "a", Woken).
			add(6*sec, "a", Lease, func(e *Event) { e.Session, e.Until = "another", 9*sec }), "",
	},
	"two handlers in one process": {begin().hold(1*sec, "a", 5, 9*sec).hold(2*sec, "a", 6, 9*sec), "another handler of it"},
	"an older token":              {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", Drop).hold(3*sec, "b", 4, 9*sec), "under token 4 after a had token 5"},
	"the same token": {
		begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", Drop).hold(3*sec, "b", 5, 9*sec), "under token 5 after a had token 5",
	},
	"the same token again": {begin().hold(1*sec, "a", 5, 9*sec).do(2*sec, "a", Drop).hold(3*sec, "a", 5, 9*sec), ""},
	"it slept while it began": {
		begin().do(2*sec, "a", Stopped).hold(5*sec, "b", 6, 9*sec).do(6*sec, "a", Woken).hold(6*sec, "a", 5, 4*sec).
			do(6*sec+1, "a", Drop), "",
	},
	"no such partition": {
		begin().add(1*sec, "a", Hold, func(e *Event) { e.Partition = "x" }), "does not exist",
	},
	"an effect without a beginning": {begin().act(1*sec, "a", 5), "did not begin"},
	"it does not stop":              {begin().hold(1*sec, "a", 5, 4*sec).runs("a", 0, 5*sec), "still works on p"},
	"it stops late":                 {begin().runs("a", 0, 5*sec).hold(1*sec, "a", 5, 4*sec).do(4*sec+1, "a", Drop), "still works on p"},
	"it acts late":                  {begin().runs("a", 0, 4*sec).hold(1*sec, "a", 5, 4*sec).act(4*sec+1, "a", 5), "still works on p"},
	"it stops at the last instant":  {begin().runs("a", 0, 5*sec).hold(1*sec, "a", 5, 4*sec).do(4*sec, "a", Drop), ""},
	"it slept, and stops when it wakes": {
		begin().runs("a", 0, 2*sec).hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", Stopped).do(8*sec, "a", Woken).
			act(8*sec+1, "a", 5).do(8*sec+sec/2, "a", Drop), "",
	},
	"it slept, and does not stop when it wakes": {
		begin().runs("a", 0, 2*sec).hold(1*sec, "a", 5, 4*sec).do(2*sec, "a", Stopped).do(8*sec, "a", Woken).
			runs("a", 8*sec, 8*sec+sec/2).do(8*sec+sec/2+1, "a", Drop), "still works on p",
	},
	"the machine had no time for it": {
		begin().runs("a", 0, 2*sec).hold(1*sec, "a", 5, 4*sec).runs("a", 8*sec, 8*sec+sec/4).do(8*sec+sec/4, "a", Drop), "",
	},
	"it owns nothing by the end of its lease": {
		begin().runs("a", 0, 5*sec).says(1*sec, 5, 4*sec).says(4*sec, 5, 4*sec).says(4*sec+1, 0, 4*sec), "",
	},
	"it says that it owns past its lease": {
		begin().runs("a", 0, 5*sec).says(1*sec, 5, 4*sec).says(4*sec+1, 5, 4*sec), "says that it owns 5",
	},
	"it says that it owns when its session is over": {
		begin().runs("a", 0, 5*sec).says(1*sec, 5, 4*sec).says(4*sec+1, 5, 0), "says that it owns 5",
	},
	"it had no time to say that it owns nothing": {
		begin().runs("a", 0, 2*sec).says(1*sec, 5, 4*sec).runs("a", 8*sec, 8*sec+sec/4).says(8*sec+sec/4, 5, 4*sec), "",
	},
	"who knows": {begin().do(1*sec, "a", "hum"), `says "hum"`},
}

func TestUmpire_FindsViolations(t *testing.T) {
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
func TestUmpire_CountsEffectsOfThePast(t *testing.T) {
	c := begin().hold(1*sec, "a", 5, 4*sec).act(2*sec, "a", 5).do(3*sec, "a", Stopped).
		do(5*sec, "a", Woken).act(5*sec+1, "a", 5).hold(5*sec+2, "b", 6, 9*sec).act(5*sec+3, "a", 5).do(5*sec+4, "a", Drop).told()
	require.Empty(t, c.wrong)
	require.Equal(t, []int{2, 3, 1, 1}, []int{c.Grants, c.Acts, c.Past, c.Refused})
}

func TestUmpire_Coverage(t *testing.T) {
	c := begin().hold(1*sec, "a", 5, 4*sec).add(1*sec, "b", Hold, func(e *Event) { e.Partition, e.Token, e.Until = "q", 5, 9*sec }).
		do(2*sec, "", Calm).do(2*sec, "a", Stopped).told()
	require.Equal(t, 2*sec, c.covered)
	require.Equal(t, 1*sec, c.gap, "from the beginning")

	c.gap = 0
	for _, e := range begin().do(5*sec, "", Calm).hold(7*sec, "b", 6, 9*sec).events[2:] {
		c.feed(e)
		require.Equal(t, e.What == Hold, c.covered != 0)
	}
	require.Equal(t, 7*sec, c.covered)
	require.Equal(t, 3*sec, c.gap, "from the end of the lease")
	require.Empty(t, c.Missing())
	require.Empty(t, c.wrong)

	c.feed(Event{At: 9 * sec, Who: "b", What: Died})
	require.Equal(t, []partition.PartitionID{"p", "q"}, c.Missing())
}

// Workers that are available may work on one partition for a while. It is measured;
// nobody has recovered before it is over. Who is stopped does not work.
func TestUmpire_Available(t *testing.T) {
	available := settings
	available.Ownership = partition.Available
	of := func(t *tale) *Umpire { return t.toldOf(available) }
	q := func(e *Event) { e.Partition, e.Token = "q", 1 }

	c := of(begin().add(0, "a", Hold, q).hold(1*sec, "a", 5, 2*sec).do(3*sec, "", Calm).hold(4*sec, "b", 6, 9*sec).act(6*sec, "a", 5))
	require.Equal(t, 1, c.Overlapping())
	require.Equal(t, 3*sec, c.covered, "somebody works on everything, past the end of the lease too")
	c.feed(Event{At: 7 * sec, What: Calm})
	require.Zero(t, c.covered, "two work on p")
	c.feed(Event{At: 8 * sec, Who: "a", What: Drop, Partition: "p"})
	require.Equal(t, []time.Duration{4 * sec}, c.Overlaps)
	require.Equal(t, 8*sec, c.covered)
	require.Equal(t, 1, c.Refused)
	require.Empty(t, c.Wrong())

	c = of(begin().hold(1*sec, "a", 5, 2*sec).hold(4*sec, "b", 6, 9*sec).do(5*sec, "a", Stopped).do(7*sec, "a", Woken).do(8*sec, "a", Died))
	require.Equal(t, []time.Duration{1 * sec, 1 * sec}, c.Overlaps)
	require.Zero(t, c.Overlapping())
	require.Empty(t, c.Wrong())

	c = of(begin().hold(1*sec, "b", 6, 9*sec).hold(2*sec, "a", 6, 9*sec))
	require.Len(t, c.Wrong(), 1, "no two get one token")
}

// How somebody was is told from an instant on, with what was so then.
func TestUmpire_Tells(t *testing.T) {
	is := func(text string) func(*Event) {
		return func(e *Event) { e.Session, e.Until, e.Is = "s", 9*sec, text }
	}
	c := begin().add(1*sec, "a", Lease, is("one")).add(2*sec, "a", Lease, is("two")).add(3*sec, "a", Lease, is("two")).
		add(4*sec, "a", Lease, is("three")).told()
	require.Equal(t, "a, seen running 4s ago, lease ends in 5s:\n  2.000s: two\n  4.000s: three\nb, seen running 4s ago, lease ends in -4s:\n", c.Tell(3*sec))
}
