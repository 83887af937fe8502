package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// losing is a store that is about to lose what it has acknowledged.
type losing struct {
	before *Copy // what there was before the first batch that will be lost
	first  bool  // that one was accepted
	more   int   // batches until the end
	end    func()
}

// Lose lets the store lose the next batches with a head that it accepts, and all that comes
// after the first of them, so long after the last one: it goes back to what it had before, and
// nobody is told. It happens with that, at the same instant. Nothing is lost if the store loses
// something already, or if there is another stream by then.
func (w *World) Lose(batches int, after time.Duration, with func()) {
	before := w.Store.Copy("KV_" + Group)
	if before == nil || w.losing != nil {
		return
	}
	if !w.loses {
		w.loses = true
		w.Store.Observe(func(c Commit) { w.remember(c) })
	}
	l := &losing{before: before, more: batches}
	l.end = func() {
		w.Plan(after, func() {
			if w.losing == l {
				w.lose(with)
			}
		})
	}
	w.losing = l
}

// Keep lets the store lose nothing that it was to lose.
func (w *World) Keep() { w.losing = nil }

// remember copies the stream until a head is written.
func (w *World) remember(c Commit) {
	l := w.losing
	if l == nil || l.more == 0 {
		return
	}
	head := slices.ContainsFunc(c.Messages, func(m bridge.Sight) bool { return strings.Contains(m.Subject, ".head.") })
	switch {
	case head:
		l.first = true
		if l.more--; l.more == 0 {
			l.end()
		}
	case !l.first:
		l.before = w.Store.Copy(c.Stream)
	}
}

// lose puts what there was in the place of what there is.
func (w *World) lose(with func()) {
	copied := w.losing.before
	w.losing = nil
	if w.Replaced(copied) {
		return
	}
	last := w.Store.streams[copied.of.config.Name].last
	w.Trace.Say("world", fmt.Sprintf("the store loses what it had after revision %d, until %d", copied.of.last, last))
	w.Store.GoBack(copied)
	w.reader = Reader{}
	writes := w.reader.Read(Commit{Messages: copied.of.present(">")})
	for _, x := range writes {
		if r, ok := x.Record.(partition.Lead); ok {
			w.lead = r
		}
	}
	w.encounters.meets(lostBatch, true)
	w.encounters.meets(lostGrant, w.Check.Lost(writes))
	with()
}

// lapse is what the checker knows of what the store has lost in this incarnation.
type lapse struct {
	// step is that of the head which was left; what was granted later is lost.
	step partition.Step
	// grants are those that were lost, by the session that had them, and those that mistakes says.
	grants map[dose]partition.SessionID
	// told are the latest steps that were lost, by the session that was told what to own.
	told map[partition.SessionID]partition.Step
	// notice is how long a leader may not know of it: it hears of each record by a watch, or
	// asks for all again after a PollInterval, which takes a StoreTimeout; and what it has sent
	// before that may be on its way as long as it leads. It counts from lags, until when a
	// replica did.
	notice, lags time.Duration
	// outrun: somebody has shown more than the head knows since that was written.
	outrun bool
	// above is since when the record of a worker shows a step that the head does not know.
	above map[partition.WorkerID]time.Duration
}

// Lost tells that the store has lost what it had besides these records, and reports whether
// somebody works on what was granted by that. Until Recalls, or until the stream is made anew,
// whoever does may have it beside another one.
func (c *Checker) Lost(writes []Written) (works bool) {
	had, broken, told := c.archive.has, c.broken, c.book.asg
	shows := c.archive.shown
	c.book.renew(c.book.incarnation)
	c.rest.forget()
	c.wedge.headless(c.line.Now())
	c.claims, c.archive, c.knows = map[partition.WorkerID]*claim{}, newArchive(), map[string]uint64{}
	c.archive.shown = shows
	if c.lapse.grants == nil {
		c.lapse.grants, c.lapse.above = map[dose]partition.SessionID{}, map[partition.WorkerID]time.Duration{}
		c.lapse.told = map[partition.SessionID]partition.Step{}
	}
	c.book.step = 0
	c.refile(writes)
	c.broken = broken // what was said of these was said when they were written
	c.lapse.step = c.book.step
	for _, a := range told {
		if a.Step > c.lapse.step {
			c.lapse.told[a.Session] = max(c.lapse.told[a.Session], a.Step)
		}
	}
	for id, is := range had {
		if partition.Step(is.token) > c.lapse.step {
			c.lapse.grants[dose{id, is.token}] = is.session
		}
	}
	for id, last := range c.tokens {
		if partition.Step(last.token) > c.lapse.step { // nobody has to know of it any more
			c.tokens[id] = c.outlasts(id, last.process)
		}
	}
	for _, p := range c.order {
		for _, h := range p.hands {
			h.lost = h.lost || partition.Step(h.owned.Token) > c.lapse.step
			works = works || h.lost && p.owns(h)
		}
	}
	return works
}

// outlasts is the latest token of a partition that anybody has to know after a loss: the one by
// which it is owned still, which its owner may begin with again.
func (c *Checker) outlasts(id partition.PartitionID, process string) granted {
	is, owned := c.archive.has[id]
	if s := c.sessions[is.session]; owned && s != nil {
		return granted{is.token, s.process}
	}
	return granted{partition.Token(c.lapse.step), process}
}

// refile takes what the store has left for all that was ever written.
func (c *Checker) refile(writes []Written) {
	for _, w := range writes {
		switch r := w.Record.(type) {
		case partition.Assignment:
			c.book.assigned(w.Key, r)
		case partition.Term:
			c.archive.termAt = w.Revision // another one may lead, whose term is lost
		case partition.Live:
			id := partition.WorkerID(strings.TrimPrefix(string(w.Key), "live."))
			s, known := c.archive.shown[w.Revision]
			if !known || s.worker != id {
				s = shown{worker: id, revision: w.Revision, live: r, at: c.line.Now(), began: c.line.Now()}
			}
			c.archive.latest[id], c.archive.leases[r.Session] = s, r.Lease
			if s := c.sessions[r.Session]; s != nil { // what was sent before may arrive now
				s.applied = min(s.applied, r.Applied)
			}
			c.claims[id] = &claim{session: r.Session, ended: ended(r), former: map[partition.SessionID]bool{}}
		}
	}
	for _, w := range writes {
		if h, ok := w.Record.(partition.Head); ok {
			c.book.head, c.book.step = h, h.Step
			c.table(h)
			c.archive.has = c.book.holdings()
			c.archive.spoils.before(h, c.book.asg)
			c.ways(h)
		}
	}
}

// Recalls ends what is let pass because the store has lost something: it was long ago.
func (c *Checker) Recalls() {
	c.lapse.grants, c.lapse.above = nil, nil
	for _, p := range c.order {
		for _, h := range p.hands {
			h.lost = false
		}
		for _, h := range p.hands {
			if p.owns(h) && !h.told {
				c.alone(p, h)
			}
		}
	}
}

// wasLost reports whether a process has a partition by a grant that the store has lost.
func (c *Checker) wasLost(p *person, o partition.Owned) bool {
	s, lost := c.lapse.grants[dose{o.ID, o.Token}]
	is := c.archive.has[o.ID]
	return lost && s == p.session && (is.session != s || is.token != o.Token)
}

// mistakes notes what a head revokes by a step that its owner may have applied already, of
// those that are lost, which said something else: what the owner shows is taken for an
// acknowledgement. It ends its session when it sees both.
func (c *Checker) mistakes(h partition.Head) {
	for _, seat := range h.Seats {
		if a := c.book.asg[seat.Worker]; a.Step <= c.lapse.told[a.Session] && c.lapse.grants != nil {
			for _, r := range a.Revoking {
				c.lapse.grants[dose{r.Partition, r.Token}] = a.Session
			}
		}
	}
}

// outruns notes who shows more than the head knows.
func (c *Checker) outruns() {
	if c.lapse.grants == nil {
		return
	}
	for id, s := range c.archive.latest {
		known := c.book.head.Step
		for _, seat := range c.book.head.Seats {
			if seat.Worker == id && seat.Session == s.live.Session {
				known = seat.Step
			}
		}
		_, was := c.lapse.above[id]
		above := s.live.Applied > known
		c.lapse.outrun = c.lapse.outrun || above
		switch {
		case !above || ended(s.live):
			delete(c.lapse.above, id)
		case !was:
			c.lapse.above[id] = c.line.Now()
		}
	}
}

// givenUp reports whether a head begins anew, as somebody has shown more than the former one
// knew: nothing has the token that it had.
func (c *Checker) givenUp(h partition.Head) bool {
	outrun := c.lapse.outrun
	c.lapse.outrun = len(c.lapse.above) > 0
	return outrun && c.anew(h)
}

// anew reports whether everything that is owned was granted by this head.
func (c *Checker) anew(h partition.Head) bool {
	return !slices.ContainsFunc(h.Seats, func(s partition.Seat) bool {
		a := c.book.asg[s.Worker]
		return len(a.Revoking) > 0 || slices.ContainsFunc(a.Owned, func(g partition.Grant) bool { return partition.Step(g.Token) != h.Step })
	})
}

// notices checks that nothing is granted that a leader must know to be wrong.
func (c *Checker) notices(commit Commit, h partition.Head) {
	for _, id := range slices.Sorted(maps.Keys(c.lapse.above)) {
		since := max(c.lapse.above[id], c.lapse.lags)
		s := c.sessions[c.archive.latest[id].live.Session]
		dropped := s != nil && s.process == commit.By && c.anew(h) // it has given the table up
		if commit.Sent <= since+c.lapse.notice || dropped || !c.grants(h) {
			continue
		}
		c.violate("I2", "step %d grants something, and %s has shown for %v that it applied step %d, of which no head knows",
			Step(h.Step), id, commit.Sent-since, Step(c.archive.latest[id].live.Applied))
	}
}

// grants reports whether a head grants something that is new.
func (c *Checker) grants(h partition.Head) bool {
	for _, seat := range h.Seats {
		a := c.book.asg[seat.Worker]
		if slices.ContainsFunc(a.Owned, func(g partition.Grant) bool { return partition.Step(g.Token) == h.Step }) {
			return true
		}
	}
	return false
}

// marks reports whether a record says that the store has lost something.
func marks(w Written) bool {
	t, _ := w.Record.(partition.Term)
	return t.Lost != ""
}
