package partition_test

import (
	"testing"

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
