package partition_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

func TestMayLead(t *testing.T) {
	seats := func(ids ...partition.WorkerID) partition.Head {
		var h partition.Head
		for _, id := range ids {
			h.Seats = append(h.Seats, partition.Seat{Worker: id, NeverLead: id == "w-1"})
		}
		return h
	}
	cases := map[string]struct {
		head partition.Head
		w    partition.WorkerID
		want bool
	}{
		"no head":                             {partition.Head{}, "w-7", true},
		"among the lowest":                    {seats("w-10", "w-2", "w-0"), "w-2", true},
		"too high":                            {seats("w-10", "w-2", "w-0"), "w-10", false},
		"never leads":                         {seats("w-0", "w-1"), "w-1", false},
		"who never leads takes nobody's seat": {seats("w-0", "w-1", "w-2"), "w-2", true},
		"new, and there are too few":          {seats("w-0", "w-1"), "w-2", true},
		"new, and there are enough":           {seats("w-0", "w-2"), "w-3", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, partition.MayLead(c.head, c.w, 2)) })
	}
}

func TestLeadSight_See(t *testing.T) {
	at := time.Unix(100, 0)
	theirs := partition.Lead{Worker: "worker-1", Session: "them", Beat: 3}
	for _, c := range []struct {
		name     string
		revision partition.Revision
		seen     partition.Revision // of the sight after See
		named    partition.Revision // of the sight after Named
		renewed  bool               // by Named
	}{
		{"higher", 8, 8, 8, true},
		{"the same, which restarts no wait", 7, 7, 7, false},
		{"lower: late, or the store went back", 6, 7, 6, true},
		{"gone", 0, 7, 0, true},
	} {
		s := partition.LeadSight{}.See(theirs, 7, at)
		later := at.Add(time.Second)
		require.Equal(t, c.seen, s.See(theirs, c.revision, later).Revision, c.name)
		named := s.Named(theirs, c.revision, later)
		require.Equal(t, c.named, named.Revision, c.name)
		require.Equal(t, c.renewed, named.At.Equal(later), c.name)
	}
	require.Equal(t, at, partition.LeadSight{}.See(partition.Lead{}, 0, at).At, "that there is none is a sight too")
}

func TestLeadSight_Vacant(t *testing.T) {
	at, wait := time.Unix(100, 0), 4*time.Second
	for _, c := range []struct {
		name   string
		lead   partition.Lead
		rev    partition.Revision
		after  time.Duration
		vacant bool
		leader partition.WorkerID
	}{
		{"nobody ever led", partition.Lead{}, 0, 0, true, ""},
		{"released", partition.Lead{Worker: "worker-1", Session: "them", Released: true}, 3, 0, true, ""},
		{"renewed a moment ago", partition.Lead{Worker: "worker-1", Session: "them"}, 3, wait - 1, false, "worker-1"},
		{"unchanged for the wait", partition.Lead{Worker: "worker-1", Session: "them"}, 3, wait, true, "worker-1"},
		{"cannot be understood", partition.Lead{}, 3, wait - 1, false, ""},
	} {
		s := partition.LeadSight{}.See(c.lead, c.rev, at)
		require.Equal(t, c.vacant, s.Vacant(at.Add(c.after), wait), c.name)
		require.Equal(t, c.leader, s.Leader(), c.name)
	}
}

func TestLeadSight_Doubts(t *testing.T) {
	at := time.Unix(100, 0)
	const lease, renewal = 4 * time.Second, time.Second
	before := partition.LeadSight{}.See(partition.Lead{Session: "them", Beat: 10}, 7, at)
	for _, c := range []struct {
		name    string
		session partition.SessionID
		beat    uint64
		after   time.Duration
		doubts  bool
	}{
		{"renewed all the time", "them", 18, 8 * time.Second, false},
		{"stopped less than a lease ago", "them", 14, 8 * time.Second, false},
		{"stopped longer ago", "them", 13, 8 * time.Second, true},
		{"another leader", "others", 100, 8 * time.Second, true},
		{"an older beat of a store that went back", "them", 1, 8 * time.Second, true},
	} {
		next := before.See(partition.Lead{Session: c.session, Beat: c.beat}, 20, at.Add(c.after))
		require.Equal(t, c.doubts, before.Doubts(next, lease, renewal), c.name)
	}
	require.True(t, partition.LeadSight{}.Doubts(before, lease, renewal), "the first look knows nothing")
}
