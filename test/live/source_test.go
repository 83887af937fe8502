package live

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// update changes what the worker's static source lists.
func (w *worker) update(list []partition.Partition) {
	w.g.t.Helper()
	ask[messages.PartitionsUpdated](w, messages.UpdatePartitions{Partitions: list})
}

// unpolled is patient, and lists no source unless there is a reason.
func unpolled() partition.Settings {
	s := patient()
	s.SourcePollInterval = partition.Off
	return s
}

// The leader's list counts, and each that it is given is one decision. A list that
// breaks a rule is refused; the others' lists count when they lead.
func TestPartitionSource_StaticSource(t *testing.T) {
	beside(t)
	g := newGroup(t, unpolled(), 24)
	all := g.start(2)
	leads, others := g.leader(all...)
	was, marks := g.version(all...), g.mark(all...)

	g.list = partitions(30)
	leads.update(g.list)
	g.exactly(all...)
	g.atRest(all...)
	require.Equal(t, was+1, g.version(all...))
	gained, lost := g.moves(marks)
	require.Equal(t, ids(g.list[24:]), gained)
	require.Empty(t, lost)

	twice := []partition.Partition{partition.Of("a"), partition.Of("a")}
	for _, w := range all {
		require.Contains(t, ask[messages.UpdateRefused](w, messages.UpdatePartitions{Partitions: twice}).Reason, "must be listed once")
	}
	others[0].update(partitions(4))
	require.Equal(t, was+2, others[0].refresh(), "the leader's list is listed, which is the same")
	g.exactly(all...)
	require.NoError(t, leads.stop())
	g.list = partitions(4)
	g.exactly(others[0])
}

// A list that is empty, or nil, is a list. After one that is not it must be said
// EmptyConfirmations times, unless that is off.
//
// hazard 36
func TestPartitionSource_EmptyPartitions(t *testing.T) {
	beside(t)
	for name, c := range map[string]struct {
		empty  []partition.Partition
		settle int
	}{
		"nil":              {nil, 3},
		"empty":            {[]partition.Partition{}, 2},
		"believed at once": {nil, partition.Off},
	} {
		t.Run(name, func(t *testing.T) {
			settings := unpolled()
			settings.SourceTimeout = time.Hour // and so no list is confirmed but by a refresh
			settings.EmptyConfirmations = c.settle
			g := newGroup(t, settings, 0)
			s := &shelf{list: c.empty}
			g.wire = func(cfg *actors.Config) { cfg.Source = actors.SourceFrom(s) }
			w := g.join("alone")
			g.atRest(w) // stable, with nothing
			require.True(t, w.snapshot().Healthy)

			g.relist(s, partitions(8))
			was := w.refresh()
			g.exactly(w)
			s.put(c.empty, nil)
			for range c.settle - 1 {
				asked := s.asks()
				r := ask[messages.Refreshed](w, messages.RefreshPartitions{Within: 300 * time.Millisecond})
				require.NotEmpty(t, r.Reason, "not believed yet")
				g.until("it is listed", func() bool { return s.asks() > asked }) // or one list is for this one and the next
				require.Len(t, g.ledger.read(w).owned, 8)
			}
			require.Equal(t, was+1, w.refresh())
			g.list = nil
			g.exactly(w)
			g.atRest(w)
		})
	}
}

// Ten readers and five writers, fifty times each, at three workers.
func TestPartitionSource_ConcurrentAccess(t *testing.T) {
	beside(t)
	const readers, writers, times = 10, 5, 50
	g := newGroup(t, unpolled(), 24)
	all := g.start(3)
	leads, _ := g.leader(all...)
	var crowd sync.WaitGroup
	faults := make(chan string, (readers+writers)*times)
	each := func(n int, do func(who, time int) string) {
		for who := range n {
			crowd.Go(func() {
				for i := range times {
					if fault := do(who, i); fault != "" {
						faults <- fault
					}
				}
			})
		}
	}
	each(writers, func(who, i int) string {
		list := partitions(24 + (7*who+i)%12)
		got, err := leads.system.Root.RequestFuture(leads.manager, messages.UpdatePartitions{Partitions: list}, patience).Result()
		if _, ok := got.(messages.PartitionsUpdated); !ok || err != nil {
			return fmt.Sprintf("an update is answered with %v, %v", got, err)
		}
		return ""
	})
	each(readers, func(who, i int) string {
		w := all[(who+i)%len(all)]
		got, err := w.system.Root.RequestFuture(w.manager, messages.GetSnapshot{}, patience).Result()
		s, ok := got.(messages.Snapshot)
		if err != nil || !ok {
			return fmt.Sprintf("a question is answered with %v, %v", got, err)
		}
		if !slices.IsSortedFunc(s.Owned, func(a, b partition.Owned) int { return strings.Compare(string(a.ID), string(b.ID)) }) {
			return fmt.Sprintf("what is owned is not in order: %v", s.Owned)
		}
		id := partitions(24)[who].ID() // in every list, so that it always has an owner
		got, err = w.system.Root.RequestFuture(w.manager, messages.GetOwner{Partition: id}, patience).Result()
		if o, ok := got.(messages.Owner); err != nil || !ok || o.Worker == "" && o.Reason == "nobody owns it" {
			return fmt.Sprintf("the owner of %s is %+v, %v", id, got, err)
		}
		return ""
	})
	crowd.Wait()
	close(faults)
	for f := range faults {
		require.Fail(t, f)
	}
	g.list = partitions(40)
	leads.update(g.list)
	g.exactly(all...)
	g.atRest(all...)
	was := g.version(all...)
	require.Equal(t, was+1, all[0].refresh(), "nothing is left over that would decide again")
	g.exactly(all...)
}

// counted is a source of the user's that makes its list.
type counted struct {
	prefix string
	count  int
}

// ListPartitions implements partition.Source.
func (c counted) ListPartitions() ([]partition.Partition, error) {
	var list []partition.Partition
	for i := range c.count {
		list = append(list, partition.Of(c.prefix, fmt.Sprintf("%04d", i)))
	}
	return list, nil
}

// teller is an actor of the user's that is a source, and says when it lists
// something else.
type teller struct{ list []partition.Partition }

// Receive implements actor.Actor.
func (s *teller) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.ListPartitions:
		ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: s.list})
	case messages.UpdatePartitions:
		s.list = m.Partitions
		ctx.Send(ctx.Parent(), messages.PartitionsListed{})
		ctx.Respond(messages.PartitionsUpdated{})
	}
}

func TestPartitionSource_CustomImplementation(t *testing.T) {
	beside(t)
	t.Run("a function", func(t *testing.T) {
		g := newGroup(t, unpolled(), 0)
		source := counted{"shard", 17}
		g.list, _ = source.ListPartitions()
		g.wire = func(c *actors.Config) { c.Source = actors.SourceFrom(source) }
		all := g.start(2)
		g.exactly(all...)
		require.Contains(t, ask[messages.UpdateRefused](all[0], messages.UpdatePartitions{}).Reason, "cannot be updated")
	})
	t.Run("an actor", func(t *testing.T) {
		g := newGroup(t, unpolled(), 9)
		g.wire = func(c *actors.Config) {
			list := g.list
			c.Source = actor.PropsFromProducer(func() actor.Actor { return &teller{list} })
		}
		all := g.start(2)
		leads, _ := g.leader(all...)
		was := g.version(all...)
		g.list = partitions(12)
		leads.update(g.list)
		g.exactly(all...)
		require.Equal(t, was+1, g.version(all...))
	})
	t.Run("one that fails", failing)
}

// failing shows that an error keeps the last list, says why, and is over when the
// source works again.
//
// hazard 35
func failing(t *testing.T) {
	settings := unpolled()
	g := newGroup(t, settings, 8)
	s := &shelf{list: g.list}
	g.wire = func(c *actors.Config) { c.Source = actors.SourceFrom(s) }
	w := g.join("alone")
	g.atRest(w)
	was := w.snapshot().Version
	s.put(nil, errors.New("no route to the database"))
	asked := s.asks()
	w.system.Root.Send(w.manager, messages.RefreshPartitions{})
	g.ledger.await("the leader says why", func() bool {
		h := g.ledger.pages[w].health
		return !h.Healthy && h.Reason == "the decision failed: source: no route to the database"
	})
	require.Len(t, g.ledger.read(w).owned, 8, "the last list stays")
	require.Equal(t, was, w.snapshot().Version)
	g.relist(s, partitions(10)) // it is asked again by itself, whoever leads
	g.exactly(w)
	g.ledger.await("all is well", func() bool { return g.ledger.pages[w].health.Healthy })
	require.Greater(t, s.asks(), asked+1)
}
