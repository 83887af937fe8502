package partition

// A live record is one message, with room for what its worker has yet to let go of and
// what it has written off. So a leader tells no worker to let go of more at once, and
// a worker acknowledges only what it can list in full.
const (
	// MaxListing is how large the lists of a live record may be.
	MaxListing = 448 << 10
	// maxPoison is how large the lists of what is quarantined may be beside them.
	maxPoison = 48 << 10
	// maxRevoking is how large what is revoked from one seat at a time would be in
	// them: the rest follows when the first is let go.
	maxRevoking = 320 << 10
	// listedBytes is what one entry takes besides its name.
	listedBytes = 32
)

func listing(id PartitionID) int { return len(id) + listedBytes }

// Listing returns how many bytes these lists take at most in a live record.
func Listing(held []PartitionID, abandoned []Abandoned) int {
	size := 0
	for _, id := range held {
		size += listing(id)
	}
	for _, a := range abandoned {
		size += listing(a.Partition) + len(a.Kept)
	}
	return size
}

// lists are those of a live record, to look things up in.
type lists struct {
	held, abandoned map[PartitionID]bool
}

func newLists(l Live) lists {
	out := lists{make(map[PartitionID]bool, len(l.Held)), make(map[PartitionID]bool, len(l.Abandoned))}
	for _, id := range l.Held {
		out.held[id] = true
	}
	for _, a := range l.Abandoned {
		out.abandoned[a.Partition] = true
	}
	return out
}

// listed returns the lists of a worker's record.
func (h *handoff) listed(w WorkerID) lists {
	l, known := h.lists[w]
	if !known {
		l = newLists(h.facts.Roster[w].Live)
		if h.lists == nil {
			h.lists = map[WorkerID]lists{}
		}
		h.lists[w] = l
	}
	return l
}

// room reports whether a partition may be revoked too, in the same publish, and takes
// what it needs of its seat's room. What is free needs none: its owner lists it no more.
// A seat that drains does so in rounds.
func (h *handoff) room(r Row) bool {
	if h.revoking == nil {
		h.revoking, h.round = make([]int, len(h.next.Seats)), make([]int, len(h.next.Seats))
		for i, s := range h.next.Seats {
			h.revoking[i] = Listing(nil, h.facts.Roster[s.Worker].Live.Abandoned)
		}
		for i, x := range h.next.Rows {
			if x.Seat == None || x.Revoking == 0 || h.ends[i] == freeable {
				continue
			}
			h.revoking[x.Seat] += listing(x.Partition)
			if h.ends[i] == awaited {
				h.round[x.Seat]++
			}
		}
	}
	size, seat, most := listing(r.Partition), h.next.Seats[r.Seat], h.facts.Rules.DrainRound
	k, counted := h.seatInTarget(seat.Worker, seat.Session)
	full := counted && h.target.Seats[k].Drains && most > 0 && h.round[r.Seat] >= most
	if full || h.revoking[r.Seat]+size > maxRevoking {
		return false
	}
	h.revoking[r.Seat] += size
	h.round[r.Seat]++
	return true
}
