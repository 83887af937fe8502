package partition

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// In these tests every lease has this length, and owners' clocks may be slow.
const (
	testLease = time.Second
	slowLease = testLease + testLease*8/100
)

var testRules = Rules{Drift: 0.1, RevokeTimeout: 3 * time.Second, HoldDown: 5 * time.Second}

// proc is a process under one session: what it believes to own, and until when.
type proc struct {
	worker   WorkerID
	session  SessionID
	alive    bool
	leaseEnd time.Time
	revision Revision
	live     Live // as it will write it
	owned    map[PartitionID]Token
	drains   map[PartitionID]Revoke
	written  map[Abandoned]time.Time // what it wrote off, and since when
}

// world is a store, processes, and one leader that acts on what it has seen.
type world struct {
	t        *rapid.T
	now      time.Time
	rev      Revision
	records  map[WorkerID]Live
	revs     map[WorkerID]Revision
	procs    []*proc
	sessions int
	table    Table // as it is stored
	roster   Roster
	replaced Replaced
	revoked  map[Step]time.Time
	since    time.Time
	target   *Target
	set      Set
	version  Version
	granted  map[PartitionID]Token // the highest ever
	posted   int
}

func newWorld(t *rapid.T) *world {
	return &world{
		t: t, now: time.Unix(1000, 0), since: time.Unix(1000, 0), records: map[WorkerID]Live{}, revs: map[WorkerID]Revision{},
		roster: Roster{}, replaced: Replaced{}, revoked: map[Step]time.Time{}, granted: map[PartitionID]Token{}, set: manyPartitions(12),
	}
}

// start claims an ID, perhaps one that another process has.
func (w *world) start(id WorkerID) *proc {
	w.sessions++
	was, there := w.records[id]
	p := &proc{
		worker: id, session: SessionID(fmt.Sprintf("s%d", w.sessions)), alive: true,
		owned: map[PartitionID]Token{}, drains: map[PartitionID]Revoke{}, written: map[Abandoned]time.Time{},
	}
	p.live = Live{Session: p.session, Lease: testLease}
	if there {
		p.live.Predecessor, p.live.Abandoned = was.Session, was.Abandoned
		p.live.PredecessorReleased = was.Released || was.Fence != nil && was.Fence.AfterSilence
	}
	w.put(id, p.live)
	p.revision, p.leaseEnd = w.revs[id], w.now.Add(slowLease)
	w.procs = append(w.procs, p)
	return p
}

func (w *world) put(id WorkerID, live Live) {
	w.rev++
	w.records[id], w.revs[id] = live, w.rev
}

// beat writes what the process is, by CAS: a refusal ends the session.
func (w *world) beat(p *proc) {
	switch {
	case !p.alive || !w.now.Before(p.leaseEnd):
		p.end()
		return
	case w.revs[p.worker] != p.revision:
		p.end()
		return
	}
	if p.live.Applied > 0 {
		p.live.Held, p.live.Abandoned, p.live.Predecessor, p.live.PredecessorReleased = nil, nil, "", false
		for id := range p.drains {
			p.live.Held = append(p.live.Held, id)
		}
		for a := range p.written {
			p.live.Abandoned = append(p.live.Abandoned, a)
		}
	}
	p.live.Beat++
	w.put(p.worker, p.live)
	p.revision, p.leaseEnd = w.revs[p.worker], w.now.Add(slowLease)
}

// end: nothing is owned any more; what was written off may still run.
func (p *proc) end() { p.alive, p.owned, p.drains = false, nil, nil }

// apply follows the stored assignment, if it is of this session.
func (w *world) apply(p *proc) {
	i := w.table.SeatOf(p.worker)
	if !p.alive || i == None || w.table.Seats[i].Session != p.session || w.table.Seats[i].Step <= p.live.Applied || !w.now.Before(p.leaseEnd) {
		return
	}
	a := w.table.assignments()[i]
	p.live.Applied = a.Step
	revoked := map[PartitionID]Revoke{}
	for _, r := range a.Revoking {
		revoked[r.Partition] = r
	}
	now := map[PartitionID]Token{}
	for _, g := range a.Owned {
		now[g.Partition] = g.Token
	}
	for id, token := range p.owned {
		if now[id] != token {
			r := revoked[id]
			p.drains[id] = Revoke{Partition: id, Token: token, Step: max(r.Step, 0)}
		}
	}
	p.owned = now
}

func (w *world) drained(p *proc) {
	for _, id := range slices.Sorted(mapKeys(p.drains)) {
		delete(p.drains, id)
		return
	}
}

func (w *world) abandon(p *proc) {
	for _, id := range slices.Sorted(mapKeys(p.drains)) {
		r := p.drains[id]
		delete(p.drains, id)
		p.written[Abandoned{Partition: id, Token: r.Token, Step: r.Step}] = w.now
		return
	}
}

// release is the last word; what still drains is written off.
func (w *world) release(p *proc, restarting bool) {
	if !p.alive || !w.now.Before(p.leaseEnd) || w.revs[p.worker] != p.revision {
		return
	}
	for id, token := range p.owned {
		p.drains[id] = Revoke{Partition: id, Token: token}
	}
	for len(p.drains) > 0 {
		w.abandon(p)
	}
	if p.live.Applied > 0 { // else it still speaks for its predecessor
		p.live.Held, p.live.Abandoned = nil, nil
	}
	for a := range p.written {
		p.live.Abandoned = append(p.live.Abandoned, a)
	}
	p.live.Released, p.live.Restarting = true, restarting
	w.put(p.worker, p.live)
	p.end()
}

// look shows the leader one record as it is now.
func (w *world) look(id WorkerID) {
	if live, there := w.records[id]; there {
		if next, newer := w.roster[id].See(id, live, w.revs[id], w.now); newer {
			w.roster[id] = next
			if i := w.table.SeatOf(id); i != None {
				w.replaced.See(w.table.Seats[i], next)
			}
		}
	}
}

// owners are the processes that may act on a partition at this instant.
func (w *world) owners(id PartitionID) (who []string) {
	for _, p := range w.procs {
		_, owned := p.owned[id]
		_, drains := p.drains[id]
		runs := (owned || drains) && w.now.Before(p.leaseEnd)
		for a, since := range p.written {
			counts := w.now.Before(p.leaseEnd) || p.live.Released // else all was dropped
			runs = runs || counts && a.Partition == id && w.now.Before(since.Add(slowLease))
		}
		if runs {
			who = append(who, string(p.worker)+"/"+string(p.session))
		}
	}
	return who
}

func (w *world) facts() Facts {
	return Facts{Now: w.now, Rules: testRules, Roster: w.roster, Replaced: w.replaced, RevokedAt: w.revoked, Since: w.since, Term: 1}
}

// post takes the next step, if there is one and no fence of it is refused.
func (w *world) post() Outlook {
	out := Next(w.table, w.version, *w.target, w.facts())
	if out.Publish == nil {
		return out
	}
	w.checkPublish(*out.Publish)
	for _, f := range out.Publish.Fences {
		if w.revs[f.Worker] != f.Revision {
			w.look(f.Worker)
			return out
		}
	}
	for _, f := range out.Publish.Fences {
		w.put(f.Worker, f.Live)
		next, _ := w.roster[f.Worker].See(f.Worker, f.Live, w.revs[f.Worker], w.now)
		w.roster[f.Worker] = next
	}
	w.table = out.Publish.Table
	w.replaced.Follow(w.table, w.roster)
	w.posted++
	for _, r := range w.table.Rows {
		w.granted[r.Partition] = max(w.granted[r.Partition], r.Token)
	}
	if out.Publish.Revokes > 0 {
		w.revoked[w.table.Step] = w.now
	}
	return out
}

// checkPublish is I2, I3 and the growth of tokens, and that what is written can be
// read again.
func (w *world) checkPublish(p Publish) {
	t, is := p.Table, require.New(w.t)
	is.Equal(w.table.Step+1, t.Step)
	is.True(slices.IsSortedFunc(t.Rows, func(a, b Row) int { return compareIDs(a.Partition, b.Partition) }))
	for i, r := range t.Rows {
		if i > 0 {
			is.NotEqual(t.Rows[i-1].Partition, r.Partition, "I3: stands twice")
		}
		is.Less(r.Seat, int32(len(t.Seats)))
		is.Equal(r.Seat == None, r.Token == 0, "a token is an owner's: %v", r)
		was, _ := w.table.Row(r.Partition)
		if r.Token != was.Token && r.Seat != None {
			is.Greater(r.Token, w.granted[r.Partition], "I4: tokens grow")
		}
		if was.Revoking != 0 && r.Token == was.Token && r.Seat != None {
			is.Equal(was.Revoking, r.Revoking, "never back")
		}
	}
	asg := map[WorkerID]Assignment{}
	for i, a := range t.assignments() {
		asg[t.Seats[i].Worker] = a
	}
	again, err := TableOf(t.Head(p.Freed), asg)
	is.NoError(err)
	is.Equal(t.Rows, again.Rows)
}

// checkOwners is the exclusiveness of I4.
func (w *world) checkOwners() {
	for _, id := range w.set.IDs {
		require.LessOrEqual(w.t, len(w.owners(id)), 1, "I4: %s is owned by %v", id, w.owners(id))
	}
}
