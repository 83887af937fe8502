//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

func newTestJournal() *journal {
	return newJournal(newChecker(sec/2, []partition.PartitionID{"p"}, 0))
}

// A hand-over is heard of in the wrong order. It is checked in the right one.
func TestJournal_Order(t *testing.T) {
	j := newTestJournal()
	for _, e := range begin().hold(1*sec, "a", 5, 9*sec).hold(3*sec, "b", 6, 9*sec).do(2*sec, "a", drop).do(4*sec, "a", pulse).events {
		j.add(e)
	}
	j.ask(func(c *checker) {
		require.Empty(t, c.wrong)
		require.Equal(t, 2, c.grants)
		require.Equal(t, 3*sec, c.now, "nobody knows yet what b did then")
	})
}

// Nobody waits for those who cannot say anything.
func TestJournal_TheSilent(t *testing.T) {
	for _, gone := range []what{stopped, died} {
		j := newTestJournal()
		for _, e := range begin().hold(1*sec, "b", 5, 9*sec).do(2*sec, "b", pulse).events {
			j.add(e)
		}
		fed := j.ask(func(c *checker) { require.Zero(t, c.grants, "a may have said something before") })
		j.add(event{At: 2 * sec, Who: "a", What: gone})
		<-fed
		j.ask(func(c *checker) { require.Equal(t, 1, c.grants) })
	}
}

// What was written before a process was stopped, and read after it went on, is
// late. It is no violation of the time before.
func TestJournal_Late(t *testing.T) {
	j := newTestJournal()
	for _, e := range begin().
		do(2*sec, "a", stopped).hold(5*sec, "b", 6, 9*sec).do(6*sec, "b", pulse).do(6*sec, "a", woken).events {
		j.add(e)
	}
	j.read("a", strings.NewReader(`{"at":1900000000,"what":"hold","partition":"p","token":5,"session":"s-a","until":4000000000}
{"at":6100000000,"what":"pulse"}
nonsense
`))
	j.add(event{At: 7 * sec, Who: "b", What: pulse})
	j.ask(func(c *checker) {
		require.Len(t, c.wrong, 1)
		require.Contains(t, c.wrong[0], "nonsense")
	})
}
