package live

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// shelf is a source of the user's: a function that lists what a test put there.
// It says nothing by itself.
type shelf struct {
	mu    sync.Mutex
	list  []partition.Partition
	fault error
	asked int
}

// ListPartitions implements partition.Source.
func (s *shelf) ListPartitions() ([]partition.Partition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return slices.Clone(s.list), s.fault
}

func (s *shelf) put(list []partition.Partition, fault error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.fault = list, fault
}

// reluctant are settings under which partitions that have an owner do not move by
// themselves, and no source is listed: every window and interval is an hour.
func reluctant() partition.Settings {
	s := patient()
	s.ColdStartWindow, s.PlannedScaleWindow, s.MinRebalanceInterval = time.Hour, time.Hour, time.Hour
	s.SourcePollInterval = partition.Off
	return s
}

// refreshing is a group that shares a shelf, in equal shares after a refresh.
func refreshing(t *testing.T, count, workers int, wire func(*actors.Config)) (*group, *shelf, []*worker) {
	t.Helper()
	g := newGroup(t, reluctant(), count)
	s := &shelf{list: g.list}
	g.wire = func(c *actors.Config) {
		c.Source = actors.SourceFrom(s)
		if wire != nil {
			wire(c)
		}
	}
	var all []*worker
	for i := range workers {
		w := g.join(fmt.Sprintf("w%d", i))
		g.until("it knows who leads", func() bool { return w.snapshot().Leader != "" })
		all = append(all, w)
	}
	all[workers-1].refresh()
	g.atRest(all...)
	return g, s, all
}

// refresh asks for one, which must be served.
func (w *worker) refresh() partition.Version {
	w.g.t.Helper()
	r := ask[messages.Refreshed](w, messages.RefreshPartitions{})
	require.Empty(w.g.t, r.Reason)
	return r.Version
}

// relist changes what the shelf and the group have.
func (g *group) relist(s *shelf, list []partition.Partition) {
	s.put(list, nil)
	g.list = list
}

// exactly waits until each partition of the list has one owner, and nobody owns
// anything else.
func (g *group) exactly(workers ...*worker) {
	g.t.Helper()
	want := map[partition.PartitionID]int{}
	for _, p := range g.list {
		want[p.ID()] = 1
	}
	g.ledger.await("everything has one owner, and nothing else has", func() bool {
		got := map[partition.PartitionID]int{}
		for _, w := range workers {
			for _, o := range g.ledger.pages[w].owned {
				got[o.ID]++
			}
		}
		return maps.Equal(got, want)
	})
}

// version is the one that every worker applied.
func (g *group) version(workers ...*worker) partition.Version {
	g.t.Helper()
	v := workers[0].snapshot().Version
	for _, w := range workers[1:] {
		g.until("all applied the same version", func() bool { return w.snapshot().Version == v })
	}
	return v
}

// moves are what the workers gained and lost since the marks.
func (g *group) moves(marks map[*worker]int) (gained, lost map[partition.PartitionID]int) {
	gained, lost = map[partition.PartitionID]int{}, map[partition.PartitionID]int{}
	for w, from := range marks {
		for _, c := range g.ledger.read(w).changes[from:] {
			for _, o := range c.Gained {
				gained[o.ID]++
			}
			for _, o := range c.Lost {
				lost[o.ID]++
			}
		}
	}
	return gained, lost
}

// mark is what everybody has heard so far.
func (g *group) mark(workers ...*worker) map[*worker]int {
	marks := map[*worker]int{}
	for _, w := range workers {
		marks[w] = len(g.ledger.read(w).changes)
	}
	return marks
}

func ids(list []partition.Partition) map[partition.PartitionID]int {
	out := map[partition.PartitionID]int{}
	for _, p := range list {
		out[p.ID()] = 1
	}
	return out
}

// hazard 38
func TestRefreshPartitions_Addition(t *testing.T) {
	beside(t)
	g, s, all := refreshing(t, 50, 3, nil)
	was, marks := g.version(all...), g.mark(all...)
	g.relist(s, partitions(70))
	_, others := g.leader(all...)
	require.Equal(t, was+1, others[0].refresh(), "one decision")
	g.exactly(all...)
	g.atRest(all...)
	require.Equal(t, was+1, g.version(all...))
	gained, lost := g.moves(marks)
	require.Equal(t, ids(partitions(70)[50:]), gained, "each new one was given away once")
	require.Empty(t, lost, "what had an owner did not move")
}

func TestRefreshPartitions_Removal(t *testing.T) {
	beside(t)
	g, s, all := refreshing(t, 100, 3, nil)
	was, marks := g.version(all...), g.mark(all...)
	leads, others := g.leader(all...)
	slow := others[0]
	g.ledger.hold(slow, true)
	g.relist(s, partitions(100)[30:])
	early := ask[messages.Refreshed](leads, messages.RefreshPartitions{Within: time.Second})
	require.Equal(t, "the leader "+string(leads.id())+" has not served it yet", early.Reason, "not before everything is let go")
	g.ledger.await("it is told what to let go", func() bool { return len(g.ledger.pages[slow].owed()) > 0 })
	for _, id := range g.ledger.read(slow).owed() {
		require.Equal(t, slow.id(), ask[messages.Owner](leads, messages.GetOwner{Partition: id}).Worker, "revoked, and not free yet")
	}
	g.ledger.hold(slow, false)
	slow.system.Root.Send(slow.ear, release{})
	g.exactly(all...)
	g.atRest(all...)
	require.Equal(t, was+1, g.version(all...))
	require.Equal(t, was+2, leads.refresh(), "the same list again, which moves nothing")
	gained, lost := g.moves(marks)
	for _, p := range partitions(30) {
		require.Equal(t, 1, lost[p.ID()], "revoked from its one owner")
		require.Zero(t, gained[p.ID()])
		o := ask[messages.Owner](slow, messages.GetOwner{Partition: p.ID()})
		require.Empty(t, o.Worker)
		require.Equal(t, "nobody owns it", o.Reason)
		delete(lost, p.ID())
	}
	require.Equal(t, gained, lost, "what else was let go has another owner")
	require.Less(t, len(gained), 30, "and that is little")
	require.Zero(t, leads.snapshot().Unowned)
}

// lightest is a strategy that looks at weights: whoever carries its share keeps
// what it has, and what is left goes to whoever carries least.
type lightest struct{}

// Plan implements partition.Strategy.
func (lightest) Plan(in partition.Input) (partition.Plan, error) {
	load, total := make([]int64, len(in.Members)), int64(0)
	for _, w := range in.Partitions.Weights {
		total += w
	}
	plan := slices.Repeat(partition.Plan{partition.None}, in.Partitions.Len())
	for k, m := range in.Previous {
		if w := in.Partitions.Weights[k]; m != partition.None && (in.MoveLimit == 0 || load[m]+w <= total/int64(len(load))) {
			plan[k] = m
			load[m] += w
		}
	}
	for k, m := range plan {
		if m == partition.None {
			least := slices.Index(load, slices.Min(load))
			plan[k] = int32(least)
			load[least] += in.Partitions.Weights[k]
		}
	}
	return plan, nil
}

func TestRefreshPartitions_WeightChange(t *testing.T) {
	beside(t)
	g, s, all := refreshing(t, 100, 3, func(c *actors.Config) { c.Strategy = actors.StrategyFrom(lightest{}) })
	was, marks := g.version(all...), g.mark(all...)
	heavy := partitions(100)
	for _, o := range g.ledger.read(all[1]).owned[:30] {
		i := slices.IndexFunc(heavy, func(p partition.Partition) bool { return p.ID() == o.ID })
		heavy[i].Weight = 200
	}
	g.relist(s, heavy)
	require.Equal(t, was+1, all[2].refresh())
	g.exactly(all...)
	require.Equal(t, was+1, g.version(all...))
	weight := map[partition.PartitionID]int64{}
	for _, p := range heavy {
		weight[p.ID()] = max(p.Weight, partition.DefaultWeight)
	}
	var loads []int64
	for _, w := range all {
		load := int64(0)
		for _, o := range g.ledger.read(w).owned {
			load += weight[o.ID]
		}
		loads = append(loads, load)
	}
	require.LessOrEqual(t, slices.Max(loads)-slices.Min(loads), int64(200), "%v", loads)
	gained, lost := g.moves(marks)
	require.Equal(t, gained, lost, "whoever lost one, another has it")
	require.NotEmpty(t, gained)
	for id, n := range gained {
		require.Equal(t, 1, n, "%s moved once", id)
	}
	marks = g.mark(all...)
	require.Equal(t, was+2, all[0].refresh(), "the same weights again")
	gained, lost = g.moves(marks)
	require.Empty(t, gained)
	require.Empty(t, lost)
}

// Neither the window of a join nor the interval after a move holds a refresh back,
// and it may come from somebody who has no share yet.
func TestRefreshPartitions_Cooldown(t *testing.T) {
	beside(t)
	g, s, all := refreshing(t, 24, 2, nil)
	was := g.version(all...)
	leads, _ := g.leader(all...)
	joiner := g.join("joiner")
	g.ledger.await("the leader lets the group settle", func() bool { return g.ledger.pages[leads].is(messages.Scaling) })
	g.until("the joiner waits", func() bool { return joiner.snapshot().State == messages.WaitingAssignment })
	require.Equal(t, was, leads.snapshot().Version)

	require.Equal(t, was+1, joiner.refresh())
	all = append(all, joiner)
	g.atRest(all...)
	require.Equal(t, was+1, g.version(all...))

	asked := s.asks()
	for i := range 3 { // in the middle of the interval, one after the other
		g.relist(s, partitions(36+12*i))
		require.Equal(t, was+2+partition.Version(i), all[i].refresh())
		g.exactly(all...)
		g.atRest(all...)
	}
	require.Equal(t, asked+3, s.asks(), "a refresh is one listing")
	g.relist(s, partitions(4)) // so few that partitions with an owner have to move
	require.Equal(t, was+5, joiner.refresh())
	g.exactly(all...)
	g.atRest(all...)
	require.Equal(t, was+5, g.version(all...))
}

func (s *shelf) asks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}
