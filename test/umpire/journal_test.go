package umpire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func newTestJournal() *Journal {
	return NewJournal(New(settings, lots[:1], 0))
}

// A hand-over is heard of in the wrong order. It is checked in the right one.
func TestJournal_Order(t *testing.T) {
	j := newTestJournal()
	for _, e := range begin().hold(1*sec, "a", 5, 9*sec).hold(3*sec, "b", 6, 9*sec).do(2*sec, "a", Drop).do(4*sec, "a", Pulse).events {
		j.Add(e)
	}
	j.Ask(func(c *Umpire) {
		require.Empty(t, c.wrong)
		require.Equal(t, 2, c.Grants)
		require.Equal(t, 3*sec, c.now, "nobody knows yet what b did then")
	})
}

// Nobody waits for those who cannot say anything.
func TestJournal_TheSilent(t *testing.T) {
	for _, gone := range []What{Stopped, Died} {
		j := newTestJournal()
		for _, e := range begin().hold(1*sec, "b", 5, 9*sec).do(2*sec, "b", Pulse).events {
			j.Add(e)
		}
		fed := j.Ask(func(c *Umpire) { require.Zero(t, c.Grants, "a may have said something before") })
		j.Add(Event{At: 2 * sec, Who: "a", What: gone})
		<-fed
		j.Ask(func(c *Umpire) { require.Equal(t, 1, c.Grants) })
	}
}

// What was written before a process was stopped, and read after it went on, is
// late. It is no violation of the time before.
func TestJournal_Late(t *testing.T) {
	j := newTestJournal()
	for _, e := range begin().
		do(2*sec, "a", Stopped).hold(5*sec, "b", 6, 9*sec).do(6*sec, "b", Pulse).do(6*sec, "a", Woken).events {
		j.Add(e)
	}
	j.Read("a", strings.NewReader(`{"at":1900000000,"what":"hold","partition":"p","token":5,"session":"s-a","until":4000000000}
{"at":6100000000,"what":"pulse"}
nonsense
`))
	j.Add(Event{At: 7 * sec, Who: "b", What: Pulse})
	j.Ask(func(c *Umpire) {
		require.Len(t, c.wrong, 1)
		require.Contains(t, c.wrong[0], "nonsense")
	})
}
