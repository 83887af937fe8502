package sim

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// nearly is what counts as the same instant as the end of a lease.
const nearly = 20 * time.Millisecond

// encounters count the situations that a world meets. They look at what the store is
// about to accept, or refuses, and at what was true before.
type encounters struct {
	world *World
	met   Situations
	// published is the step of each process's latest head, and heard of the latest of which
	// it heard that it was accepted.
	published, heard map[string]partition.Step
	leaving          map[string]bool // processes that were asked to stop
}

// Met is how often each situation was met.
func (w *World) Met() Situations {
	met := w.encounters.met
	met[suspendedBesides] = w.Check.besides
	return met
}

func (e *encounters) meets(s Situation, so bool) {
	if so {
		e.met[s]++
	}
}

// committed looks at what the store accepted, before the checker knows it.
func (e *encounters) committed(c Commit, writes []Written) {
	check := e.world.Check
	if c.Incarnation != check.book.incarnation {
		return // all is new
	}
	switch c.By {
	case Administrator:
		return
	case Vandal:
		e.spoilt(writes)
		return
	}
	marks := slices.ContainsFunc(writes, func(w Written) bool {
		t, _ := w.Record.(partition.Term)
		return t.Lost != ""
	})
	e.meets(markedCopy, marks)
	e.meets(intoOlderCopy, check.book.burnt && !marks)
	for _, w := range writes {
		switch r := w.Record.(type) {
		case partition.Term:
			if !marks {
				e.begins(r)
			}
		case partition.Lead:
			p := e.process(r.Session)
			e.meets(leadResigned, r.Released && p != nil && p.Name == c.By && !e.leaving[c.By])
		case partition.Live:
			e.meets(claimInMarkedCopy, check.book.marked && r.Claim == 0 && r.Fence == nil)
			e.says(c, partition.WorkerID(strings.TrimPrefix(string(w.Key), "live.")), r)
		case partition.Head:
			e.decides(c, r)
		}
	}
}

// process is the one of a session, nil if it has ended.
func (e *encounters) process(id partition.SessionID) *Process {
	if s := e.world.Check.sessions[id]; s != nil {
		return e.world.find(s.process)
	}
	return nil
}

// fate counts for a session that somebody ends what its process is meanwhile.
func (e *encounters) fate(p *Process, dead, paused, running Situation) {
	e.meets(dead, p == nil)
	e.meets(paused, p != nil && p.Paused())
	e.meets(running, p != nil && !p.Paused())
}

// begins looks at a term that begins.
func (e *encounters) begins(r partition.Term) {
	w, check := e.world, e.world.Check
	former := e.process(w.lead.Session)
	if w.lead.Session != "" && w.lead.Session != r.Session && !w.lead.Released {
		e.fate(former, leadOfDead, leadOfPaused, leadOfRunning)
	}
	e.meets(leadWithHandOver, check.rest.handsOver())
	e.meets(laggingLead, w.Net.lagging != nil)
	e.meets(outrunLead, len(check.lapse.above) > 0)
	e.meets(leadWithoutHead, check.book.heads > 0 && check.book.head.Version == 0)
	if s := check.sessions[w.lead.Session]; s != nil && s.process != "" {
		e.meets(leadWithUnheard, check.book.head.Version > 0 && e.published[s.process] == check.book.head.Step && e.heard[s.process] != check.book.head.Step)
	}
	awaited, leaving, abandoned := false, false, false
	for _, x := range check.archive.latest {
		s := check.sessions[x.live.Session]
		awaited = awaited || x.live.Released && x.live.Restarting && s != nil && w.Timeline.Now()-s.announced < check.awaited()
		leaving = leaving || s != nil && e.leaving[s.process] && !ended(x.live)
		abandoned = abandoned || len(x.live.Abandoned) > 0
	}
	e.meets(leadWithAwaited, awaited)
	e.meets(leadWithLeaving, leaving)
	e.meets(leadWithAbandoned, abandoned)
}

// says looks at a record of a worker.
func (e *encounters) says(c Commit, id partition.WorkerID, r partition.Live) {
	was, known := e.world.Check.archive.latest[id]
	switch {
	case !known:
	case r.Fence != nil:
		e.fences(id, was, *r.Fence)
	case was.live.Session != r.Session:
		e.claims(c, was, r)
	default:
		e.renews(c, was, r)
	}
}

func (e *encounters) fences(id partition.WorkerID, was shown, f partition.Fence) {
	if ended(was.live) {
		return
	}
	if p := e.process(was.live.Session); f.AfterSilence {
		e.fate(p, fencedDead, fencedPaused, fencedRunning)
		e.meets(slowFenced, p != nil && p.slow())
		e.meets(suspendedFenced, p != nil && p.halt.stands)
	}
	asg := e.world.Check.book.asg[id]
	e.meets(fencedStuck, !f.AfterSilence && len(asg.Revoking) > 0)
	e.meets(fencedForgotten, !f.AfterSilence && len(asg.Revoking) == 0)
	if s := e.world.Check.sessions[was.live.Session]; s != nil {
		e.meets(fencedLeaving, e.leaving[s.process])
	}
	e.meets(fencedRevoking, len(asg.Revoking) > 0)
	e.meets(fencedPending, len(asg.Pending) > 0)
}

// claims looks at a claim of an ID that another session has or had.
func (e *encounters) claims(c Commit, was shown, r partition.Live) {
	check := e.world.Check
	if p := check.people[c.By]; p != nil {
		e.meets(claimsAnew, p.session != "")
	}
	mine := r.InstanceKey != "" && r.InstanceKey == was.live.InstanceKey
	if mine && !ended(was.live) {
		e.fate(e.process(was.live.Session), replacedDead, replacedPaused, replacedRunning)
	}
	if s := check.sessions[was.live.Session]; mine && was.live.Restarting && s != nil {
		away := c.At - s.announced
		e.meets(backInTime, was.live.Released && away < check.rest.hold)
		e.meets(backTooLate, away >= check.rest.hold)
	}
}

// renews looks at a renewal: how close to its end the lease was, on the process's clock.
func (e *encounters) renews(c Commit, was shown, r partition.Live) {
	p := e.world.Check.people[c.By]
	if p == nil || p.session != r.Session || r.Released {
		return
	}
	s := e.world.settings
	left := p.lease.Sub(p.clock.Now())
	e.meets(renewedInDoubt, left > 0 && p.lease.Sub(p.clock.At(c.Sent)) < s.DrainTimeout)
	e.meets(renewedAtEnd, left > -nearly && left < nearly)
	e.meets(renewedAfterEnd, left <= 0)
	e.meets(renewedBeforeMissed, c.At-was.at > s.Lease)
	e.meets(holdsRevoked, len(r.Held) > 0 && r.Applied > was.live.Applied)
	e.meets(abandons, len(r.Abandoned) > len(was.live.Abandoned))
}

// decides looks at a head.
func (e *encounters) decides(c Commit, h partition.Head) {
	check := e.world.Check
	for _, f := range h.Freed {
		s, known := map[partition.FreedBy]Situation{
			partition.FreedByAck: freeByAck, partition.FreedByRelease: freeByRelease, partition.FreedByReplacement: freeByReplacement,
			partition.FreedByAbandonment: freeByAbandonment, partition.FreedByFence: freeByFence,
		}[f.By]
		e.meets(s, known)
	}
	was := check.book.head
	e.meets(othersHandOver, was.Version > 0 && h.Term != was.Term && check.rest.handsOver())
	e.meets(unheardGoesOn, was.Version > 0 && h.Term == was.Term && e.published[c.By] == was.Step && e.heard[c.By] != was.Step)
	e.published[c.By] = h.Step
	by := e.world.find(c.By)
	e.meets(slowDecides, by != nil && by.slow())
	e.meets(ownerless, len(h.Unowned) > 0 && len(h.Seats) > 0)
}

func (e *encounters) spoilt(writes []Written) {
	for _, w := range writes {
		kind, _, _ := strings.Cut(string(w.Key), ".")
		e.meets(spoiltHead, kind == "head")
		e.meets(spoiltAssignment, kind == "asg")
		e.meets(spoiltLive, kind == "live")
		e.meets(spoiltTerm, kind == "term")
	}
}

// expired looks at subjects that have nothing any more.
func (e *encounters) expired(subjects []string) {
	for _, s := range subjects {
		e.meets(expiredHead, strings.Contains(s, ".head"))
		e.meets(expiredTerm, strings.HasSuffix(s, ".term"))
		e.meets(expiredLive, strings.Contains(s, ".live."))
	}
}

// handsOver counts what happens while partitions are handed over.
func (e *encounters) handsOver(s Situation) { e.meets(s, e.world.Check.rest.handsOver()) }

// refused looks at a write that was refused.
func (e *encounters) refused(by string, batch []bridge.Message, r bridge.Result) {
	has := func(kind string) bool {
		return slices.ContainsFunc(batch, func(m bridge.Message) bool { return strings.Contains(m.Subject, kind) })
	}
	switch {
	case r.Outcome == bridge.Unknown && errors.Is(r.Err, errNoStream) && len(e.world.Store.streams) > 0:
		e.meets(formerIncarnation, true)
	case r.Outcome == bridge.Denied:
		e.meets(deniedLead, has(".head") || has(".lead"))
		e.meets(deniedLive, has(".live.") && !has(".head"))
	case r.Code == bridge.CodeTooLarge:
		e.meets(tooLargeHead, has(".head"))
		e.meets(tooLargeLive, has(".live.") && !has(".head"))
	case errors.Is(r.Err, errNobody):
		e.meets(nobodyForHead, has(".head"))
		e.meets(nobodyForTerm, has(".term"))
		e.meets(nobodyForLive, has(".live.") && !has(".head"))
	case errors.Is(r.Err, errFull):
		e.meets(fullForHead, has(".head"))
		e.meets(fullForTerm, has(".term"))
		e.meets(fullForLive, has(".live.") && !has(".head"))
	case r.Code != bridge.CodeWrongSequence:
	case has(".head"):
		leads := e.world.Leader() != nil && e.world.Leader().Name == by
		e.meets(deposedPublishes, !leads)
		e.meets(fenceTooLate, leads && has(".live."))
		e.meets(laggingFence, leads && has(".live.") && e.world.Net.lagging != nil)
	case has(".term"):
		e.meets(campaignsMeet, true)
	case has(".live."):
		_, id, _ := strings.Cut(batch[0].Subject, ".live.")
		last := e.world.Check.archive.latest[partition.WorkerID(id)]
		p := e.world.Check.people[by]
		mine := p != nil && p.session != "" && e.world.Check.sessions[p.session] != nil && string(e.world.Check.sessions[p.session].worker) == id
		e.meets(replacedLearns, mine && (last.live.Session != p.session || ended(last.live)))
		e.meets(claimsMeet, !mine)
	}
}

// hears looks at an answer: the write was accepted.
func (e *encounters) hears(by string, batch []bridge.Message) {
	if slices.ContainsFunc(batch, func(m bridge.Message) bool { return strings.Contains(m.Subject, ".head") }) {
		e.heard[by] = e.published[by]
	}
}
