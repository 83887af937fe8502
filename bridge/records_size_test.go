package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// crowded is a leader's view of a hundred thousand partitions, and how large the largest
// message was that anybody writes.
type crowded struct {
	t      *testing.T
	set    partition.Set
	at     []int // the number of each partition's worker
	roster partition.Roster
	table  partition.Table
	now    time.Time
	most   int
}

// put takes the messages of a record.
func (c *crowded) put(key messages.Key, record any) (count int) {
	list, err := split(key, record)
	require.NoError(c.t, err)
	for _, m := range list {
		c.most = max(c.most, len(m.data)+len(m.name))
	}
	return len(list)
}

func (c *crowded) live(w int, live partition.Live) {
	id := partition.WorkerIDAt("worker", w)
	live.Session, live.Lease = partition.SessionID("session-of-"+id), time.Hour
	c.put(messages.KeyLive(id), live)
	c.roster[id], _ = c.roster[id].See(id, live, c.roster[id].Revision+1, c.now)
}

// publish hands one step over, to the workers from one to another.
func (c *crowded) publish(from, to int) partition.Publish {
	target := partition.Target{Set: c.set, Owner: make([]int32, c.set.Len())}
	for w := from; w <= to; w++ {
		id := partition.WorkerIDAt("worker", w)
		target.Seats = append(target.Seats, partition.TargetSeat{Worker: id, Session: partition.SessionID("session-of-" + id)})
	}
	for k, w := range c.at {
		target.Owner[k] = int32(w - from)
	}
	out := partition.Next(c.table, c.table.Version+1, target, partition.Facts{
		Now: c.now, Rules: partition.Rules{RevokeTimeout: time.Hour}, Roster: c.roster, Since: c.now, Term: 7,
	})
	require.NotNil(c.t, out.Publish)
	p := *out.Publish
	c.table = p.Table
	count := c.put(messages.KeyHead, p.Table.Head(p.Freed))
	count += c.put(messages.KeyJournal(p.Table.Step), p.Journal("worker-0", "worker joined", nil, partition.Measure{}))
	for i, a := range p.Table.Assignments() {
		count += c.put(messages.KeyAssignment(p.Table.Seats[i].Worker), a)
	}
	require.LessOrEqual(c.t, count, MaxBatch)
	return p
}

// told are the partitions that a worker is to let go of.
func (c *crowded) told(w int) (held []partition.PartitionID, off []partition.Abandoned) {
	seat := c.table.SeatOf(partition.WorkerIDAt("worker", w))
	for _, r := range c.table.Rows {
		if r.Seat == seat && r.Revoking != 0 {
			held = append(held, r.Partition)
			off = append(off, partition.Abandoned{Partition: r.Partition, Token: r.Token, Step: r.Revoking})
		}
	}
	return held, off
}

// A hundred thousand partitions on one worker, and on a hundred: what is written when they
// are given out, when one more joins, when the others still hold what they are to let go
// of or have written it off, when the next portion follows, and when one leaves.
func TestRecords_NoMessageIsAbove512KiB(t *testing.T) {
	const many = 100_000
	list := make([]partition.Partition, many)
	for k := range list {
		list[k] = partition.Of("orders", "region-of-some-name", fmt.Sprint(k))
	}
	set, err := partition.NewSet(list)
	require.NoError(t, err)
	for _, workers := range []int{1, 100} {
		c := &crowded{t: t, set: set, at: make([]int, many), roster: partition.Roster{}, now: time.Unix(1_900_000_000, 0)}
		for w := range workers {
			c.live(w, partition.Live{})
		}
		for k := range c.at {
			c.at[k] = k % workers
		}
		require.Len(t, c.publish(0, workers-1).Moves, many)

		c.live(workers, partition.Live{})
		for k := workers; k < many; k += workers + 1 {
			c.at[k] = workers
		}
		require.Positive(t, c.publish(0, workers).Revokes)
		step := c.table.Step
		for w := range workers {
			held, off := c.told(w)
			c.live(w, partition.Live{Applied: step, Abandoned: off})
			c.live(w, partition.Live{Applied: step, Held: held})
			c.live(w, partition.Live{Applied: step})
		}
		require.NotEmpty(t, c.publish(0, workers).Moves)

		c.live(0, partition.Live{Applied: step, Released: true})
		for k, w := range c.at {
			c.at[k] = max(w, 1)
		}
		require.NotEmpty(t, c.publish(1, workers).Moves)
		require.LessOrEqual(t, c.most, 512<<10, "%d workers", workers)
		if workers == 1 {
			require.Greater(t, c.most, 500<<10, "parts are filled")
		}
	}
}
