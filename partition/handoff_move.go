package partition

import (
	"cmp"
	"slices"
)

// touch reports whether the publish may change the seat's assignment too.
func (h *handoff) touch(seats ...int32) bool {
	more := 0
	for _, s := range seats {
		if s != None && !h.touched[s] {
			more++
		}
	}
	if len(h.touched)+more > SeatsPerPublish {
		return false
	}
	for _, s := range seats {
		if s != None {
			h.touched[s] = true
		}
	}
	h.changed = true
	return true
}

// gainer is the next seat of the one who is to get a row, or None.
func (h *handoff) gainer(want int32, id PartitionID) int32 {
	if want < 0 || h.gain[want] == None {
		return None
	}
	if h.listed(h.target.Seats[want].Worker).abandoned[id] {
		return None // its old handler for the partition still runs there
	}
	return h.gain[want]
}

// revoke marks what its owner must let go, and tells the one who will get it. What its
// owner would let go of for somebody who cannot get it now stays, unless the owner gives
// everything up: it would be unowned for nobody.
func (h *handoff) revoke() {
	for i := range h.next.Rows {
		r := &h.next.Rows[i]
		to := h.gainer(h.want[i], r.Partition)
		if h.ends[i] == held && h.want[i] >= 0 && to == None && !h.drains(h.next.Seats[r.Seat]) {
			h.ends[i] = kept
		}
		switch h.ends[i] {
		case held, awaited:
			h.out.Outstanding++
			h.left++
			if to == r.Seat {
				to = None
			}
			fresh := h.ends[i] == held
			if !fresh {
				h.out.Waiting++
			}
			if fresh && !h.room(*r) {
				continue // by a later publish
			}
			if (fresh || to != r.Pending) && h.touch(r.Seat, to, r.Pending) {
				r.Pending = to
				if fresh {
					r.Revoking = h.step
					h.revokes++
				}
			}
		case kept:
			h.out.Blocked++
		case stays:
			if r.Pending != None && h.touch(r.Pending) {
				r.Pending = None
			}
		default: // free: grant gives it away
		}
	}
}

// drains reports whether the owner gives everything up.
func (h *handoff) drains(s Seat) bool {
	k, counted := h.seatInTarget(s.Worker, s.Session)
	return counted && h.target.Seats[k].Drains
}

// grant gives what is free to those who are to have it, in this same step.
func (h *handoff) grant() {
	due := 0
	for _, e := range h.ends {
		if e == freeable {
			due++
		}
	}
	entering := max(0, len(h.target.Set.IDs)-len(h.old.Rows))
	h.freed, h.moves = slices.Grow(h.freed, due), slices.Grow(h.moves, due+entering) // thousands, made at once
	for i := range h.next.Rows {
		r := &h.next.Rows[i]
		if h.ends[i] != freeable && h.ends[i] != unowned {
			continue
		}
		to := h.gainer(h.want[i], r.Partition)
		switch {
		case h.want[i] == gone:
			h.out.Outstanding++
			if h.touch(r.Seat, r.Pending) {
				h.free(i)
				r.Seat = gone
				continue
			}
			h.left++
		case to != None:
			h.out.Outstanding++
			if h.touch(r.Seat, to, r.Pending) {
				h.move(i, to)
				continue
			}
			h.left++
		case h.want[i] != None:
			h.out.Blocked++
		case r.Revoking != 0:
			h.out.Outstanding++
			if h.touch(r.Seat, r.Pending) {
				h.unown(i)
				r.Pending = None
				continue
			}
			h.left++
		}
		if r.Seat != None && h.next.Seats[r.Seat].Session != h.old.Seats[h.old.Rows[i].Seat].Session {
			h.unown(i) // its seat passes to a new session, which was not granted it
		}
	}
	h.next.Rows = slices.DeleteFunc(h.next.Rows, func(r Row) bool { return r.Seat == gone })
	h.enter()
}

// unown frees a row that nobody is to have now.
func (h *handoff) unown(i int) {
	h.free(i)
	r := &h.next.Rows[i]
	r.Seat, r.Token, r.Revoking = None, 0, 0
}

func (h *handoff) free(i int) (f Freed) {
	r := h.old.Rows[i]
	if r.Seat == None {
		return f
	}
	h.out.Frees++
	seat, v := h.old.Seats[r.Seat], h.verdicts[r.Seat]
	by, at := v.by, v.at
	if v.state == renews {
		by = FreedByAck
	}
	if h.listed(seat.Worker).abandoned[r.Partition] && by != FreedByFence {
		by = FreedByAbandonment
	}
	f = Freed{Partition: r.Partition, Session: seat.Session, Token: r.Token, By: by, Revision: at}
	h.freed = append(h.freed, f)
	return f
}

func (h *handoff) move(i int, to int32) {
	f := h.free(i)
	r := &h.next.Rows[i]
	m := Move{Partition: r.Partition, To: h.next.Seats[to].Worker, Why: h.why[i].String()}
	if was := h.old.Rows[i].Seat; was != None {
		m.From, m.By, m.Revision = h.old.Seats[was].Worker, f.By, f.Revision
		if m.From == m.To && h.why[i] == NoReason {
			m.Why = ReturnedHome.String() // it waited for that worker, which has a new session
		}
	} else if slices.Contains([]Reason{NoReason, OwnerGone, OldHandler}, h.why[i]) {
		m.Why = "had no owner"
	}
	h.moves = append(h.moves, m)
	r.Seat, r.Token, r.Revoking, r.Pending = to, Token(h.step), 0, None
}

// enter adds the partitions that the source lists and the table does not.
func (h *handoff) enter() {
	at, known := 0, len(h.old.Rows)
	for k, id := range h.target.Set.IDs {
		for at < known && h.old.Rows[at].Partition < id {
			at++
		}
		if at < known && h.old.Rows[at].Partition == id {
			continue
		}
		r := Row{Partition: id, Entered: h.step, Seat: None, Pending: None}
		if to := h.gainer(h.target.Owner[k], id); to != None {
			h.out.Outstanding++
			if !h.touch(to) {
				h.left++
				continue
			}
			r.Seat, r.Token = to, Token(h.step)
			h.moves = append(h.moves, Move{Partition: id, To: h.next.Seats[to].Worker, Why: h.newcomer(k)})
		} else if h.target.Owner[k] != None {
			h.out.Blocked++
		}
		h.next.Rows = append(h.next.Rows, r)
		h.changed = true
	}
	slices.SortFunc(h.next.Rows, func(a, b Row) int { return cmp.Compare(a.Partition, b.Partition) })
}

// newcomer says why a partition that nobody had goes where it goes.
func (h *handoff) newcomer(k int) string {
	if h.target.Why != nil && h.target.Why[k] == PinnedThere {
		return PinnedThere.String()
	}
	return "is new"
}
