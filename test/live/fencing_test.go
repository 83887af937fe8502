//go:build unix

package live

import (
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// chief returns the process that leads, as the store says, the others, and its term.
func (c *crew) chief(all []*process) (leads *process, others []*process, term partition.Revision) {
	c.g.t.Helper()
	if c.reigns == nil {
		c.watchReigns()
	}
	l := c.g.ledger
	l.await("somebody leads", func() bool {
		i := slices.IndexFunc(all, func(p *process) bool { return p.is.session != "" && p.is.session == c.reign.Session })
		if i >= 0 {
			leads, others, term = all[i], slices.Delete(slices.Clone(all), i, i+1), c.reignAt
		}
		return i >= 0
	})
	return leads, others, term
}

// watchReigns keeps in mind who led last.
func (c *crew) watchReigns() {
	t, l := c.g.t, c.g.ledger
	t.Helper()
	terms, err := c.g.jetstream().OrderedConsumer(t.Context(), "KV_live", jetstream.OrderedConsumerConfig{FilterSubjects: []string{prefix + "term"}})
	require.NoError(t, err)
	c.reigns, err = terms.Consume(func(m jetstream.Msg) {
		_, record, _ := bridge.Inspect(m.Subject(), m.Data())
		at, _ := m.Metadata()
		l.mu.Lock()
		defer l.wake()
		defer l.mu.Unlock()
		if term, ok := record.(partition.Term); ok {
			c.reign, c.reignAt = term, partition.Revision(at.Sequence.Stream)
		}
	})
	require.NoError(t, err)
	t.Cleanup(c.reigns.Stop)
}

func workersOf(all []*process) (workers []*worker) {
	for _, p := range all {
		workers = append(workers, p.worker)
	}
	return workers
}

// A process that leads is stopped in the middle of a decision, and woken when
// others lead and own what it had: it has nothing, leads nothing, and what it had
// begun to write is not in the store.
//
// hazards 1, 11 and 22
func TestFencing_LeaderAsleep(t *testing.T) {
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	all, _ := crew.start()
	leads, others, term := crew.chief(all)
	was := leads.ask()
	require.NotZero(t, was.owned)

	late := crew.spawn("late") // what the leader decides about when it is stopped
	g.ledger.await("the newcomer has an ID", func() bool { return late.is.session != "" })
	leads.pause()
	g.atRest(workersOf(append(others, late))...)
	_, _, now := crew.chief(append(others, late))
	require.Greater(t, now, term)

	leads.resume()
	leads.wakesWithNothing()
	// When it wakes, the clock stops handlers, session and lead, one after the other.
	g.ledger.await("it takes neither its session nor its term for one", func() bool {
		return leads.is.session != was.session && (!leads.is.leading || leads.is.term != term)
	})
	require.NotEqual(t, was.session, leads.ask().session, "nor does it later")
	g.atRest(workersOf(append(all, late))...)

	h := g.history()
	h.sound(t)
	terms := h.terms()
	require.NotEqual(t, was.session, terms[len(terms)-1].Session)
	require.NotContains(t, h.writers(now), was.session, "nothing of the former leader was accepted")
}

// writers are the sessions that wrote something after a revision. A fence is the
// leader's.
func (h *history) writers(after partition.Revision) (all []partition.SessionID) {
	for _, w := range h.records {
		if w.Revision <= after {
			continue
		}
		switch r := w.Record.(type) {
		case partition.Lead:
			all = append(all, r.Session)
		case partition.Term:
			all = append(all, r.Session)
		case partition.Live:
			if r.Fence == nil {
				all = append(all, r.Session)
			}
		}
	}
	return all
}

// All that a leader writes in its last lease arrives when others lead: a decision
// with what it grants, then heartbeats and renewals.
//
// hazard 1
func TestFencing_WritesArriveLate(t *testing.T) {
	g := groupWithHistory(t, childSettings(), 24)
	all := g.start(3)
	leads, others := g.leader(all...)
	session, term := leads.snapshot().Session, leads.snapshot().Term

	leads.cable.hold("PUB " + prefix + "journal.")
	all = append(others, g.join("late"))
	g.ledger.await("the leader has written a decision", func() bool {
		return leads.cable.keeps("PUB "+prefix+"journal.", prefix+"head.", prefix+"asg.")
	})
	g.atRest(all...)
	next, _ := g.leader(all...)
	now := next.snapshot().Term
	require.Greater(t, now, term)
	g.ledger.await("it has given up by itself", func() bool { return len(g.ledger.pages[leads].owned) == 0 })

	arrived := g.arrivals(prefix+"journal.*", func(record any) bool {
		j, ok := record.(partition.Journal)
		return ok && j.Term < now
	})
	require.NoError(t, leads.cable.flush())
	g.ledger.await("the decision has arrived", func() bool { return arrived() > 0 })
	g.atRest(append(all, leads)...)
	h := g.history()
	h.sound(t)
	require.NotContains(t, h.writers(now), session)
}
