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
	for _, w := range h.facts.Roster {
		_, counted := h.seatInTarget(w.Worker, w.Live.Session)
		if !counted && h.old.SeatOf(w.Worker) == None && w.Standing(h.facts.Now, h.facts.Rules) == Silent && !w.Live.Ended() {
			h.fence(w.Worker, w.Revision, w.Live, true)
		}
	}
	slices.SortFunc(h.fences, func(a, b SessionFence) int { return CompareWorkers(a.Worker, b.Worker) })
}

func (h *handoff) seatInTarget(w WorkerID, s SessionID) (int32, bool) {
	i, ok := slices.BinarySearchFunc(h.target.Seats, w, func(s TargetSeat, w WorkerID) int { return CompareWorkers(s.Worker, w) })
	return int32(i), ok && h.target.Seats[i].Session == s
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
		if w.Live.Predecessor == s.Session && w.Live.PredecessorReleased {
			return verdict{ended, FreedByReplacement, w.Revision, time.Time{}}
		}
		return h.until(w.SessionAt.Add(wait), FreedByReplacement, w.Revision)
	case w.Live.Fence != nil && w.Live.Fence.AfterSilence:
		return verdict{ended, FreedByFence, w.Revision, time.Time{}}
	case w.Live.Fence != nil:
		return h.until(w.EndedAt.Add(wait), FreedByFence, w.Revision)
	case w.Live.Released:
		return verdict{ended, FreedByRelease, w.Revision, time.Time{}}
	}
	if _, counted := h.seatInTarget(s.Worker, s.Session); !counted && !h.facts.Now.Before(w.At.Add(wait)) {
		h.fence(s.Worker, w.Revision, w.Live, true)
		return verdict{ended, FreedByFence, w.Revision, time.Time{}}
	}
	return verdict{state: renews, at: w.Revision}
}

func (h *handoff) until(t time.Time, by FreedBy, at Revision) verdict {
	if h.facts.Now.Before(t) {
		return verdict{waits, by, at, t}
	}
	return verdict{ended, by, at, time.Time{}}
}

func (h *handoff) fence(w WorkerID, at Revision, live Live, afterSilence bool) {
	for _, f := range h.fences {
		if f.Worker == w {
			return
		}
	}
	h.fences = append(h.fences, SessionFence{w, at, live.Fenced(Fence{h.facts.Term, afterSilence})})
	h.changed = true
}

func (h *handoff) sleepUntil(t time.Time) {
	if !t.IsZero() && (h.wake.IsZero() || t.Before(h.wake)) {
		h.wake = t
	}
}

// judgeRows finds for every row whether it must move, and whether it can.
func (h *handoff) judgeRows() {
	h.ends = make([]ending, len(h.old.Rows))
	h.want = make([]int32, len(h.old.Rows))
	at := 0
	for i, r := range h.old.Rows {
		for at < len(h.target.Set.IDs) && h.target.Set.IDs[at] < r.Partition {
			at++
		}
		h.want[i] = gone
		if at < len(h.target.Set.IDs) && h.target.Set.IDs[at] == r.Partition {
			h.want[i] = h.target.Owner[at]
		}
		h.ends[i] = h.judgeRow(i, r)
	}
}

func (h *handoff) judgeRow(i int, r Row) ending {
	if r.Seat == None {
		return unowned
	}
	seat := h.old.Seats[r.Seat]
	if want := h.want[i]; want >= 0 && r.Revoking == 0 {
		if to := h.target.Seats[want]; to.Worker == seat.Worker && to.Session == seat.Session {
			return stays
		}
	}
	v := h.verdicts[r.Seat]
	switch {
	case v.state == waits:
		h.sleepUntil(v.until)
		return awaited
	case v.state == ended:
		return h.endedRow(r, seat, v)
	case r.Revoking == 0:
		return held
	}
	return h.revokedRow(r, seat)
}

// endedRow: the session is over, but what it abandoned may still run.
func (h *handoff) endedRow(r Row, seat Seat, v verdict) ending {
	if v.by != FreedByRelease && v.by != FreedByReplacement {
		return freeable
	}
	w := h.facts.Roster[seat.Worker]
	a, listed := w.Live.Abandons(r.Partition)
	if !listed {
		return freeable
	}
	return h.abandonedRow(w, a, seat)
}

func (h *handoff) abandonedRow(w Witness, a Abandoned, seat Seat) ending {
	end := w.AbandonedAt[a].Add(h.facts.Rules.Wait(max(seat.Lease, w.Live.Lease)))
	if h.facts.Now.Before(end) {
		h.sleepUntil(end)
		return awaited
	}
	return freeable
}

// revokedRow: the owner renews and was told to let go.
func (h *handoff) revokedRow(r Row, seat Seat) ending {
	w := h.facts.Roster[seat.Worker]
	if w.Live.Applied >= r.Revoking && !w.Live.Holds(r.Partition) {
		a, listed := w.Live.Abandons(r.Partition)
		if !listed {
			return freeable
		}
		if a.Step == r.Revoking {
			return h.abandonedRow(w, a, seat)
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
