package live

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// Size of the groups that are restarted.
const (
	podCount      = 9
	podPartitions = 1000
)

// pods are workers with instance keys, each of which can be followed by another
// one under the same key.
type pods struct {
	g   *group
	all []*worker
}

// deploy starts nine of them at once.
func deploy(t *testing.T, settings partition.Settings, onStop partition.StopPolicy) *pods {
	t.Helper()
	g := newGroup(t, settings, podPartitions)
	g.settings.OnStop, g.settings.RestartHoldDown = onStop, patience
	p := &pods{g: g, all: make([]*worker, podCount)}
	for i := range p.all {
		p.start(i)
	}
	g.atRest(p.all...)
	return p
}

func (p *pods) start(i int) *worker {
	p.g.t.Helper()
	key := fmt.Sprintf("pod-%d", i)
	p.all[i] = p.g.join(key, func(s *partition.Settings) { s.InstanceKey = key })
	return p.all[i]
}

func (p *pods) without(i int) []*worker { return slices.Delete(slices.Clone(p.all), i, i+1) }

// leader is the number of the one that leads.
func (p *pods) leader() int {
	p.g.t.Helper()
	leads, _ := p.g.leader(p.all...)
	return slices.Index(p.all, leads)
}

// mark is a place in what all workers have heard.
type mark map[*worker]int

func (l *ledger) mark() mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := mark{}
	for w, p := range l.pages {
		m[w] = len(p.changes)
	}
	return m
}

// since are the partitions that a worker has gained and lost since the mark.
func (l *ledger) since(m mark, w *worker) (gained, lost []partition.PartitionID) {
	for _, c := range l.read(w).changes[m[w]:] {
		gained, lost = append(gained, idsOf(c.Gained)...), append(lost, idsOf(c.Lost)...)
	}
	return gained, lost
}

// moves counts what these have gained since the mark.
func (l *ledger) moves(m mark, workers []*worker) (n int) {
	for _, w := range workers {
		gained, _ := l.since(m, w)
		n += len(gained)
	}
	return n
}

// unmoved demands that these have neither gained nor lost anything.
func (l *ledger) unmoved(m mark, workers ...*worker) {
	l.t.Helper()
	for _, w := range workers {
		gained, lost := l.since(m, w)
		require.Empty(l.t, gained, "gained by %s", w.name)
		require.Empty(l.t, lost, "lost by %s", w.name)
	}
}

func idsOf(list []partition.Owned) []partition.PartitionID {
	ids := make([]partition.PartitionID, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	return ids
}

func (l *ledger) counts(workers []*worker) []int {
	out := make([]int, len(workers))
	for i, w := range workers {
		out[i] = len(l.read(w).owned)
	}
	return out
}

// Every worker is replaced, one after the other, each after it announced its
// return: nobody else notices, and each has again what it had. The leader is one of
// them.
//
// hazard 16
func TestRestart_RollingMovesNothing(t *testing.T) {
	beside(t)
	p := deploy(t, sturdy(), partition.Restart)
	begin := p.g.ledger.mark()
	first := slices.Clone(p.all)
	for i, w := range first {
		id, had := w.id(), idsOf(p.g.ledger.read(w).owned)
		require.NoError(t, w.stop())
		back := p.start(i)
		p.g.atRest(p.all...)
		require.Equal(t, id, back.id())
		require.Equal(t, had, idsOf(back.snapshot().Owned))
		// Whoever was replaced has gained once what it had, and lost nothing.
		p.g.ledger.unmoved(begin, first[i+1:]...)
		for _, done := range p.all[:i+1] {
			gained, lost := p.g.ledger.since(mark{}, done)
			require.Len(t, gained, len(done.snapshot().Owned), "%s", done.name)
			require.Empty(t, lost, "%s", done.name)
		}
	}
}

// Every worker leaves and another one joins: a leave moves what the worker had, a
// join its share, and nothing else moves.
func TestRestart_LeaveMovesTheLeast(t *testing.T) {
	beside(t)
	p := deploy(t, sturdy(), partition.Leave)
	begin, least := p.g.ledger.mark(), 0
	every := slices.Clone(p.all)
	for i := range podCount {
		others, before := p.without(i), p.g.ledger.mark()
		had := len(p.g.ledger.read(p.all[i]).owned)
		stop := partition.LeastMoves(p.g.ledger.counts(others), had, podPartitions)
		require.Equal(t, had, stop, "only what it had has to move")
		require.NoError(t, p.all[i].stop())
		p.g.atRest(others...)
		require.Equal(t, stop, p.g.ledger.moves(before, others), "moves after a stop")

		before = p.g.ledger.mark()
		join := partition.LeastMoves(append(p.g.ledger.counts(others), 0), 0, podPartitions)
		require.Equal(t, podPartitions/podCount, join, "the newcomer's share")
		every = append(every, p.start(i))
		p.g.atRest(p.all...)
		require.Equal(t, join, p.g.ledger.moves(before, p.all), "moves after a join")
		least += stop + join
	}
	require.Equal(t, least, p.g.ledger.moves(begin, every), "moves at all")
}

// The leader and another worker crash, and come back under their instance keys
// before anybody can take them for dead: nothing moves.
//
// hazard 16
func TestRestart_CrashMovesNothing(t *testing.T) {
	beside(t)
	p := deploy(t, patient(), partition.Leave) // who leads next waits for the end of a lease
	begin := p.g.ledger.mark()
	leads := p.leader()
	gone := []int{leads, (leads + 4) % podCount}
	had := map[int][]partition.PartitionID{}
	ids := map[int]partition.WorkerID{}
	for _, i := range gone {
		had[i], ids[i] = idsOf(p.g.ledger.read(p.all[i]).owned), p.all[i].id()
		p.all[i].crash()
		p.start(i)
	}
	p.g.atRest(p.all...)
	for i, w := range p.all {
		if had[i] == nil {
			p.g.ledger.unmoved(begin, w)
			continue
		}
		require.Equal(t, ids[i], w.id())
		require.Equal(t, had[i], idsOf(w.snapshot().Owned))
	}
	require.NotEqual(t, leads, p.leader(), "another one leads")
}
