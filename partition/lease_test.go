package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hazard 18
func TestLease_CountsFromWhenTheWriteWasSent(t *testing.T) {
	at := func(n time.Duration) time.Time { return atFirst.Add(n) }
	l := Lease{Session: "s", Length: testLease}
	l.Sending(1, at(0))
	require.True(t, l.Accepted(1, 5, at(300*time.Millisecond)))
	require.Equal(t, at(testLease), l.End, "not from the answer")

	l.Sending(2, at(400*time.Millisecond))
	l.Sending(2, at(600*time.Millisecond)) // again: the first one may have been it
	require.True(t, l.Accepted(2, 6, at(700*time.Millisecond)))
	require.Equal(t, at(400*time.Millisecond+testLease), l.End)

	require.True(t, l.Accepted(1, 5, at(800*time.Millisecond)), "an old answer takes nothing away")
	require.Equal(t, at(400*time.Millisecond+testLease), l.End)
	require.EqualValues(t, 6, l.Revision)

	l.Sending(3, at(900*time.Millisecond))
	require.False(t, l.Accepted(3, 7, l.End), "a reply after the end revives nothing")
	require.Equal(t, at(400*time.Millisecond+testLease), l.End)
}

func TestLease_ReplyAfterTheWholeLease(t *testing.T) {
	l := Lease{Session: "s", Length: testLease}
	l.Sending(1, atFirst)
	require.False(t, l.Accepted(1, 5, atFirst.Add(testLease)))
}

// What an Available worker has goes on after its lease, and is counted as before.
func TestLease_Kept(t *testing.T) {
	l := Lease{Session: "s", Length: testLease, Kept: true}
	l.Sending(1, atFirst)
	require.True(t, l.Accepted(1, 5, atFirst.Add(2*testLease)))
	require.Equal(t, atFirst.Add(testLease), l.End)
	l.Sending(2, atFirst.Add(3*testLease))
	require.True(t, l.Accepted(2, 6, atFirst.Add(3*testLease)))
	require.Equal(t, atFirst.Add(4*testLease), l.End)
	require.Equal(t, Taken, l.ReadBack(Live{Session: "s", Fence: &Fence{}}, 7, 0), "until it is fenced")
}

// hazard 3
func TestLease_ReadBackOfAnOlderBeat(t *testing.T) {
	l := Lease{Session: "s", Length: testLease}
	l.Sending(1, atFirst)
	l.Sending(2, atFirst.Add(testLease/2))
	require.True(t, l.Accepted(1, 5, atFirst.Add(testLease/2)), "the lease runs to that beat's sending and one length")
	require.Equal(t, atFirst.Add(testLease), l.End)
	require.True(t, l.Accepted(2, 6, atFirst.Add(testLease/2)))
	require.Equal(t, atFirst.Add(testLease/2+testLease), l.End)
}

func TestLease_ReadBack(t *testing.T) {
	l := Lease{Session: "s", Revision: 10}
	for name, tc := range map[string]struct {
		live            Live
		revision, named Revision
		want            Reading
	}{
		"as known":                 {Live{Session: "s"}, 10, 0, Mine},
		"mine, newer":              {Live{Session: "s"}, 12, 0, Mine},
		"older than known":         {Live{Session: "t"}, 9, 0, Nothing},
		"older than the refusal":   {Live{Session: "s"}, 10, 11, Nothing},
		"as the refusal":           {Live{Session: "s"}, 11, 11, Mine},
		"another's":                {Live{Session: "t"}, 11, 11, Taken},
		"fenced":                   {Live{Session: "s", Fence: &Fence{}}, 11, 0, Taken},
		"no record proves nothing": {Live{}, 0, 0, Nothing},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, l.ReadBack(tc.live, tc.revision, tc.named)) })
	}
}

func TestLease_ReadLead(t *testing.T) {
	l := Lease{Session: "me", Revision: 7}
	require.Equal(t, Nothing, l.ReadLead(Lead{Session: "them"}, 6, 0))
	require.Equal(t, Nothing, l.ReadLead(Lead{Session: "me"}, 7, 8), "older than the refusal")
	require.Equal(t, Mine, l.ReadLead(Lead{Session: "me"}, 8, 8))
	require.Equal(t, Taken, l.ReadLead(Lead{Session: "them"}, 8, 8))
	require.Equal(t, Taken, l.ReadLead(Lead{Session: "me", Released: true}, 8, 8))
}
