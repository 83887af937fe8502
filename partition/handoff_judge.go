package partition

import (
	"slices"
	"time"
)

func (h *handoff) judgeSeats() {
	h.verdicts = make([]verdict, len(h.old.Seats))
	for i, s := range h.old.Seats {
		h.verdicts[i] = h.judge(s)
	}
	var strays []Witness // silent, without a seat
	for _, w := range h.facts.Roster {
		if h.old.SeatOf(w.Worker) == None && h.mute(w) {
			strays = append(strays, w)
		}
	}
	slices.SortFunc(strays, func(a, b Witness) int { return CompareWorkers(a.Worker, b.Worker) })
	for _, w := range strays {
		if !h.fence(w.Worker, w.Revision, w.Live, true) {
			h.out.Outstanding++
			h.left++
		}
	}
}

// misjudged are those that renew and that the decision took for gone, by a record that is not
// the latest or because it saw none.
func (h *handoff) misjudged() (list []Witness) {
	for i, s := range h.old.Seats {
		_, counted := h.seatInTarget(s.Worker, s.Session)
		at, silent := h.target.silentAt(s.Worker)
		if v := h.verdicts[i]; v.state == renews && !counted && (!silent || v.at > at) {
			list = append(list, h.facts.Roster[s.Worker])
		}
	}
	return list
}

// lost counts what the target gives to nobody, though one of these could own it.
func (h *handoff) lost(workers []Witness) (n int) {
	for k, owner := range h.target.Owner {
		if owner == None && slices.ContainsFunc(workers, func(w Witness) bool { return h.could(w, k) }) {
			n++
		}
	}
	return n
}

// could reports whether a worker could own a partition. What zones mean, only the strategy
// knows.
func (h *handoff) could(w Witness, k int) bool {
	set, m := h.target.Set, w.Member()
	suits := set.pin(int32(k)) == m.ID || carries(m, set.labels(int32(k)))
	return suits && !m.Draining && !h.listed(w.Worker).abandoned[set.IDs[k]]
}

func (h *handoff) seatInTarget(w WorkerID, s SessionID) (int32, bool) {
	i := h.target.seatOf(w)
	return i, i != None && h.target.Seats[i].Session == s
}

// judge is the table of the protocol, read by session, never by ID alone.
func (h *handoff) judge(s Seat) verdict {
	w := h.facts.Roster[s.Worker]
	wait := h.facts.Rules.Wait(max(s.Lease, w.Live.Lease))
	switch {
	case w.Revision == 0:
		h.fence(s.Worker, 0, Live{Session: s.Session, Lease: s.Lease}, false)
		return verdict{state: waits}
	case w.Live.Session != s.Session:
		if h.mute(w) && !h.fence(s.Worker, w.Revision, w.Live, true) {
			return verdict{state: waits} // fenced by the next publish
		}
		by := h.facts.Replaced.of(s, w)
		v := h.until(by.At.Add(wait), FreedByReplacement, by.Revision)
		if v.state == waits && by.Released {
			return verdict{ended, FreedByReplacement, by.Revision, time.Time{}}
		}
		return v
	case w.Live.Fence != nil && w.Live.Fence.AfterSilence:
		return verdict{ended, FreedByFence, w.Revision, time.Time{}}
	case w.Live.Fence != nil:
		return h.until(w.EndedAt.Add(wait), FreedByFence, w.Revision)
	case w.Live.Released:
		return verdict{ended, FreedByRelease, w.Revision, time.Time{}}
	}
	silent := h.facts.Rules.silentAt(w.At, max(s.Lease, w.Live.Lease))
	if _, counted := h.seatInTarget(s.Worker, s.Session); !counted && !h.facts.Now.Before(silent) {
		if !h.fence(s.Worker, w.Revision, w.Live, true) {
			return verdict{state: waits} // fenced by the next publish
		}
		return verdict{ended, FreedByFence, w.Revision, time.Time{}}
	}
	return verdict{state: renews, at: w.Revision}
}

// mute reports whether the session that a record shows is silent, and does not count. It is
// fenced with what is done about it, which is refused if it was heard again by then.
func (h *handoff) mute(w Witness) bool {
	_, counted := h.seatInTarget(w.Worker, w.Live.Session)
	return !counted && w.Standing(h.facts.Now, h.facts.Rules) == Silent
}

func (h *handoff) until(t time.Time, by FreedBy, at Revision) verdict {
	if h.facts.Now.Before(t) {
		return verdict{waits, by, at, t}
	}
	return verdict{ended, by, at, t}
}

// fence adds a fence to this publish, and reports whether it is part of it.
func (h *handoff) fence(w WorkerID, at Revision, live Live, afterSilence bool) bool {
	for _, f := range h.fences {
		if f.Worker == w {
			return true
		}
	}
	if len(h.fences) == FencesPerPublish {
		return false
	}
	h.fences = append(h.fences, SessionFence{w, at, live.Fenced(Fence{Term: h.facts.Term, AfterSilence: afterSilence})})
	h.changed = true
	return true
}

func (h *handoff) sleepUntil(t time.Time) {
	if !t.IsZero() && (h.wake.IsZero() || t.Before(h.wake)) {
		h.wake = t
	}
}

// judgeRows finds for every row whether it must move, and whether it can.
func (h *handoff) judgeRows() {
	h.ends = make([]ending, len(h.old.Rows))
	h.want, h.why = make([]int32, len(h.old.Rows)), make([]Reason, len(h.old.Rows))
	at := 0
	for i, r := range h.old.Rows {
		for at < len(h.target.Set.IDs) && h.target.Set.IDs[at] < r.Partition {
			at++
		}
		h.want[i] = gone
		if at < len(h.target.Set.IDs) && h.target.Set.IDs[at] == r.Partition {
			h.want[i] = h.target.Owner[at]
			if h.target.Why != nil {
				h.why[i] = h.target.Why[at]
			}
		}
		if to := h.target.leaves(h.old, r); to != None && h.want[i] != gone {
			h.want[i] = to
		}
		h.ends[i] = h.judgeRow(i, r)
	}
}

func (h *handoff) judgeRow(i int, r Row) ending {
	if r.Seat == None {
		return unowned
	}
	seat, v := h.old.Seats[r.Seat], h.verdicts[r.Seat]
	home := false // the target wants it at the same worker
	if want := h.want[i]; want >= 0 {
		to := h.target.Seats[want]
		home = to.Worker == seat.Worker
		if home && to.Session == seat.Session && r.Revoking == 0 {
			return stays
		}
	}
	_, counted := h.seatInTarget(seat.Worker, seat.Session)
	standing, missed := h.facts.Roster[seat.Worker].Standing(h.facts.Now, h.facts.Rules), h.missed(seat.Worker)
	returning := standing == Returning && (counted || missed)
	switch {
	case v.state == waits:
		h.sleepUntil(v.until)
		return awaited
	case v.state == ended && (returning || missed && standing == Renewing) && !home && h.want[i] != gone:
		return kept // reserved for who announced to come back, or is back before it was missed
	case v.state == ended:
		return h.endedRow(r, seat, v)
	case r.Revoking == 0 && (returning || !counted):
		return kept // its owner stays a member, or was taken for silent and renewed
	case r.Revoking == 0:
		return held
	}
	return h.revokedRow(r, seat)
}

// missed reports whether the target leaves a worker out for a silence that it broke since, or
// for want of a record that was seen since.
// One that is left out for another reason stays so, also if its hold-down, which the
// decision counted from an earlier sight, is not over here.
func (h *handoff) missed(w WorkerID) bool {
	at, silent := h.target.silentAt(w)
	return silent && h.facts.Roster[w].Revision > at
}

// endedRow: the session is over, but what it abandoned may still run, unless a lease is over
// since.
func (h *handoff) endedRow(r Row, seat Seat, v verdict) ending {
	if v.by == FreedByFence || !v.until.IsZero() {
		return freeable
	}
	return h.abandonedRow(r, seat)
}

// abandonedRow: what was written off is free when nobody can believe in it any
// more. A partition may be listed under several tokens: the latest sight counts.
func (h *handoff) abandonedRow(r Row, seat Seat) ending {
	if !h.listed(seat.Worker).abandoned[r.Partition] {
		return freeable
	}
	w := h.facts.Roster[seat.Worker]
	for _, a := range w.Live.Abandoned {
		if a.Partition != r.Partition {
			continue
		}
		end := w.AbandonedAt[a].Add(h.facts.Rules.Wait(max(seat.Lease, w.Live.Lease)))
		if h.facts.Now.Before(end) {
			h.sleepUntil(end)
			return awaited
		}
	}
	return freeable
}

// revokedRow: the owner renews and was told to let go.
func (h *handoff) revokedRow(r Row, seat Seat) ending {
	w, lists := h.facts.Roster[seat.Worker], h.listed(seat.Worker)
	if w.Live.Applied >= r.Revoking && !lists.held[r.Partition] {
		if !lists.abandoned[r.Partition] {
			return freeable
		}
		if slices.ContainsFunc(w.Live.Abandoned, func(a Abandoned) bool { return a.Partition == r.Partition && a.Step == r.Revoking }) {
			return h.abandonedRow(r, seat)
		}
	}
	since, known := h.facts.RevokedAt[r.Revoking]
	if !known {
		since = h.facts.Since
	}
	stuck := since.Add(2 * h.facts.Rules.RevokeTimeout)
	if h.facts.Now.Before(stuck) {
		h.sleepUntil(stuck)
		return awaited
	}
	h.fence(seat.Worker, w.Revision, w.Live, false)
	return awaited
}
