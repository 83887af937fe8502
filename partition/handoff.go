package partition

import (
	"slices"
	"time"
)

// SeatsPerPublish limits how many sessions one publish changes, so that it stays
// one atomic batch: 1000 messages are the server's limit, and a large
// assignment takes several. FencesPerPublish limits how many it ends. What is left
// over follows in the next publish.
const (
	SeatsPerPublish  = 400
	FencesPerPublish = 400
)

// Facts are what Next may rest on, besides the table.
type Facts struct {
	// Now is the latest instant that the caller heard of. An old one makes waits
	// longer, never shorter.
	Now    time.Time
	Rules  Rules
	Roster Roster
	// Replaced is of the table's sessions. The roster says it of one that is missing.
	Replaced Replaced
	// RevokedAt is when a publish of this step was acknowledged to this term;
	// steps that are missing count from Since, when the term began to look.
	RevokedAt map[Step]time.Time
	Since     time.Time
	// Term is the leader's own, for the fences it writes.
	Term Revision
	// Floor is the highest step reported by anybody: steps start above it.
	Floor Step
}

// SessionFence ends a session by a conditional write at the revision.
type SessionFence struct {
	Worker   WorkerID
	Revision Revision
	Live     Live
}

// Publish is one hand-over step: written wholly or not at all.
type Publish struct {
	Table Table
	// Fences are in the order of CompareWorkers.
	Fences []SessionFence
	Freed  []Freed
	// Moves are the grants, Revokes counts what owners are told to let go.
	Moves   []Move
	Revokes int
}

// Outlook is what Next found.
type Outlook struct {
	// Publish is the next step, nil if nothing can be done now.
	Publish *Publish
	// Wake is when something can change without any news; zero if never.
	Wake time.Time
	// Outstanding counts partitions that are not where the target wants them,
	// and could get there without another decision; Publish included.
	Outstanding int
	// Frees counts partitions whose owner has let go and that Publish grants or
	// drops; Waiting those that are still awaited. A caller that expects the
	// others soon may wait a little and answer them all in one publish.
	Frees, Waiting int
	// Blocked counts partitions that are not where the target wants them and stay
	// so until there is news of a worker, or another decision.
	Blocked int
	// Misjudged are those for whom nothing of the decision is carried out: they renew, it took
	// them for gone, and it leaves to nobody what one of them could own.
	Misjudged []Witness
}

// Next returns the next hand-over step from a table towards a target. It is
// level-triggered: it looks at the table and the evidence alone, so a new
// leader, a repeated call or a changed target need no special case. A partition
// whose owner was told to let it go always passes through free, never back.
//
// version is that of the decision. The rules are those of the ownership
// protocol: nothing is granted before its last owner let go, was released,
// was replaced by a session that names it as released, or was fenced and its
// lease, as counted here, is over. A decision that leaves something to nobody, and
// took for gone who renews and could own it, is not carried out: the next one knows better.
func Next(t Table, version Version, target Target, f Facts) Outlook {
	h := handoff{facts: f, target: target, old: t, version: version}
	h.step = max(t.Step, f.Floor) + 1
	h.judgeSeats()
	if misjudged := h.misjudged(); len(misjudged) > 0 {
		if lost := h.lost(misjudged); lost > 0 {
			return Outlook{Blocked: lost, Misjudged: misjudged}
		}
	}
	h.judgeRows()
	h.seatTarget()
	h.revoke()
	h.grant()
	h.leaveSeats()
	h.poisoned()
	slices.SortFunc(h.fences, func(a, b SessionFence) int { return CompareWorkers(a.Worker, b.Worker) })
	return h.outlook()
}

// handoff is the working state of one call of Next.
type handoff struct {
	facts   Facts
	target  Target
	old     Table
	version Version
	step    Step

	verdicts []verdict // by old seat
	ends     []ending  // by old row
	want     []int32   // by old row: index in target.Seats, None, or gone
	why      []Reason  // by old row

	next    Table
	gain    []int32 // by target seat: index in next.Seats if it may be granted to, else None
	fences  []SessionFence
	freed   []Freed
	moves   []Move
	revokes int
	left    int            // outstanding after this publish
	touched map[int32]bool // by next seat
	// revoking is, by next seat, how much room its record needs for what it has to let
	// go. round is, by next seat, how many of these partitions are still awaited, if
	// it drains.
	revoking, round []int
	lists           map[WorkerID]lists
	changed         bool
	wake            time.Time
	out             Outlook
}

// gone marks a partition that the source no longer lists.
const gone = int32(-2)

// ending says how a row's ownership stands.
type ending int

const (
	stays    ending = iota // it is where the target wants it
	unowned                // nobody owns it
	held                   // its owner was not told yet
	kept                   // it stays where it is, although the target wants another
	awaited                // told, or waiting for a lease to end
	freeable               // nobody can own it any more
)

// verdict is what is known of a seat's session.
type verdict struct {
	state sessionState
	by    FreedBy
	at    Revision  // the record that shows it
	until time.Time // when a wait ends, or ended
}

type sessionState int

const (
	renews sessionState = iota
	waits
	ended
)

// seatTarget makes the next table's seats: those of the target that may be
// granted to, and those of the old table that still own something.
func (h *handoff) seatTarget() {
	busy := make([]bool, len(h.old.Seats)) // has rows that are not freeable
	for i, r := range h.old.Rows {
		if r.Seat != None && h.ends[i] != freeable {
			busy[r.Seat] = true
		}
	}
	seats := slices.Clone(h.old.Seats)
	may := make([]bool, len(h.target.Seats))
	admitted := 0
	for k, to := range h.target.Seats {
		i := h.old.SeatOf(to.Worker)
		known := i != None && h.old.Seats[i].Session == to.Session
		if !h.present(to) || i != None && !known && busy[i] {
			continue // nothing for a new session before all of its former one is free
		}
		may[k] = !h.facts.Roster[to.Worker].Live.Draining
		switch {
		case known:
		case admitted == SeatsPerPublish:
			may[k] = false
			h.out.Outstanding++ // admitted by the next publish
			h.left++
		case i == None:
			seats = append(seats, Seat{Worker: to.Worker, Session: to.Session})
			admitted++
		default:
			seats[i] = Seat{Worker: to.Worker, Session: to.Session}
			admitted++
		}
	}
	slices.SortFunc(seats, func(a, b Seat) int { return CompareWorkers(a.Worker, b.Worker) })
	h.next = h.old.reseat(seats)
	h.next.Version, h.next.Step, h.next.Term, h.next.Source = h.version, h.step, h.facts.Term, h.target.Set.Digest
	h.gain = make([]int32, len(h.target.Seats))
	for k, to := range h.target.Seats {
		h.gain[k] = None
		if may[k] {
			h.gain[k] = h.next.SeatOf(to.Worker)
		}
	}
	h.touched = map[int32]bool{}
	for i, s := range h.next.Seats {
		if s.Step == 0 {
			h.touched[int32(i)], h.changed = true, true
		}
	}
}

// present reports whether the session may be given a seat.
func (h *handoff) present(to TargetSeat) bool {
	w, ok := h.facts.Roster[to.Worker]
	return ok && w.Live.Session == to.Session && w.Standing(h.facts.Now, h.facts.Rules) == Renewing
}

// leaveSeats drops seats that the target does not name and that own nothing. One
// that renews was taken for silent: it stays.
func (h *handoff) leaveSeats() {
	used := make([]bool, len(h.next.Seats))
	for _, r := range h.next.Rows {
		if r.Seat != None {
			used[r.Seat] = true
		}
	}
	var keep []Seat
	for i, s := range h.next.Seats {
		_, counted := h.seatInTarget(s.Worker, s.Session)
		if counted || used[i] || h.renewing(s) {
			keep = append(keep, s)
		}
	}
	if len(keep) != len(h.next.Seats) {
		h.next = h.next.reseat(keep)
		h.changed = true
	}
}

// outlook completes the seats and says what was found.
func (h *handoff) outlook() Outlook {
	h.out.Wake = h.wake
	served := h.serve()
	if !h.changed && !served || len(h.next.Seats) == 0 {
		return h.out // a leader has a session itself: without a seat there is nobody to publish for yet
	}
	asg := h.next.assignments()
	for i := range h.next.Seats {
		s := &h.next.Seats[i]
		w := h.facts.Roster[s.Worker]
		if w.Live.Session == s.Session {
			s.Lease, s.Live, s.NeverLead = w.Live.Lease, max(s.Live, w.Revision), w.Live.NeverLead
		}
		if d := asg[int32(i)].Digest(); d != s.Digest || s.Step == 0 {
			s.Digest, s.Step = d, h.step
		}
	}
	h.out.Publish = &Publish{h.next, h.fences, h.freed, h.moves, h.revokes}
	return h.out
}

// renewing reports whether the session of a seat of the old table renews.
func (h *handoff) renewing(s Seat) bool {
	i := h.old.SeatOf(s.Worker)
	return i != None && h.old.Seats[i].Session == s.Session && h.verdicts[i].state == renews
}

// serve notes which refresh requests the decision has served with this publish.
func (h *handoff) serve() bool {
	served := false
	for i := range h.next.Seats {
		s := &h.next.Seats[i]
		if k, counted := h.seatInTarget(s.Worker, s.Session); counted && s.Refresh < h.target.Seats[k].Refresh && h.left == 0 {
			s.Refresh, served = h.target.Seats[k].Refresh, true
		}
	}
	return served
}
