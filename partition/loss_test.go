package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever may own something under a head that was lost is fenced, or is awaited from when
// it was ended, whatever ended it.
func TestLoss_AwaitsWhoeverMayOwnSomething(t *testing.T) {
	const long = 2 * testLease
	fenced := Live{Session: "s1", Claim: 5, Fence: &Fence{Term: 10}}
	gone := []Abandoned{{Partition: "p", Token: 2}}
	for name, c := range map[string]struct {
		shown   []Live // one second after the other
		fences  int
		since   time.Duration
		longest time.Duration
	}{
		"an older one is fenced":                         {shown: []Live{{Session: "s1", Claim: 5}, fenced}, fences: 1, since: 2},
		"it renews":                                      {shown: []Live{{Session: "s1", Claim: 5}, {Session: "s1", Claim: 5, Beat: 2}, fenced}, fences: 2, since: 3},
		"it was fenced":                                  {shown: []Live{fenced, fenced}, since: 1},
		"it claims anew":                                 {shown: []Live{fenced, {Session: "s2", Claim: 12, Predecessor: "s1"}}, since: 1},
		"and again":                                      {shown: []Live{fenced, {Session: "s2", Claim: 12, Predecessor: "s1"}, {Session: "s3", Claim: 13, Predecessor: "s2"}}, since: 1},
		"a twin replaces it before it is fenced":         {shown: []Live{{Session: "s1", Claim: 5}, {Session: "s2", Claim: 12, Predecessor: "s1"}, {Session: "s2", Claim: 12, Beat: 2}}, fences: 1, since: 2},
		"a twin replaced it unseen":                      {shown: []Live{{Session: "s2", Claim: 12, Predecessor: "s1"}}, since: 1},
		"others follow a twin unseen":                    {shown: []Live{{Session: "s2", Claim: 12, Predecessor: "s1"}, {Session: "s4", Claim: 14, Predecessor: "s3"}}, since: 1},
		"its record vanishes, and another has the ID":    {shown: []Live{{Session: "s1", Claim: 5}, {Session: "s2", Claim: 12}}, fences: 1, since: 2},
		"a younger one":                                  {shown: []Live{{Session: "s2", Claim: 12}, {Session: "s2", Claim: 12, Beat: 2}}},
		"this worker":                                    {shown: []Live{{Session: "own", Claim: 5}, {Session: "own", Claim: 5, Beat: 2}}},
		"this worker writes something off":               {shown: []Live{{Session: "own", Claim: 5}, {Session: "own", Claim: 5, Abandoned: gone}, {Session: "own", Claim: 5, Abandoned: gone}}, since: 2},
		"it was released":                                {shown: []Live{{Session: "s1", Claim: 5, Released: true}}},
		"it is released, and has written something off":  {shown: []Live{{Session: "s1", Claim: 5}, {Session: "s1", Claim: 5, Released: true, Abandoned: gone}}, fences: 1, since: 2},
		"so it is, and another has the ID":               {shown: []Live{{Session: "s1", Claim: 5, Released: true, Abandoned: gone}, {Session: "s2", Claim: 12, Abandoned: gone, Predecessor: "s1", PredecessorReleased: true}}, since: 1},
		"another has the ID of one with a longer lease":  {shown: []Live{{Session: "s1", Claim: 5, Lease: long, Fence: &Fence{Term: 10}}, {Session: "s2", Claim: 12, Predecessor: "s1"}}, since: 1, longest: long},
		"a release that was not seen may have left some": {shown: []Live{{Session: "s2", Claim: 12, Abandoned: gone, Predecessor: "s1", PredecessorReleased: true}}, since: 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := Loss{At: 10, Own: "own", Longest: testLease}
			var w Witness
			fences := 0
			for i, live := range c.shown {
				if live.Lease == 0 {
					live.Lease = testLease
				}
				w, _ = w.See("w-1", live, Revision(20+i), atFirst.Add(time.Duration(i+1)*time.Second))
				for range 2 {
					if l.Await(w) {
						fences++
					}
				}
			}
			require.Equal(t, 2*c.fences, fences)
			since := time.Time{}
			if c.since > 0 {
				since = atFirst.Add(c.since * time.Second)
			}
			require.Equal(t, since, l.Since)
			require.Equal(t, max(testLease, c.longest), l.Longest)
		})
	}
}

// The leader's record lists what it has not let go, or says nothing of it yet.
func TestLoss_Lists(t *testing.T) {
	a, b := Abandoned{Partition: "a", Token: 2}, Abandoned{Partition: "b", Token: 2}
	l := Loss{Own: "own"}
	own, _ := Witness{}.See("w-1", Live{Session: "own", Abandoned: []Abandoned{a}}, 20, atFirst)
	require.True(t, l.Lists(own, nil))
	require.True(t, l.Lists(own, []Abandoned{a}))
	require.False(t, l.Lists(own, []Abandoned{a, b}))
	require.False(t, l.Lists(Witness{}, []Abandoned{a}))
	other, _ := Witness{}.See("w-1", Live{Session: "other", Abandoned: []Abandoned{a}}, 20, atFirst)
	require.False(t, l.Lists(other, []Abandoned{a}))
}
