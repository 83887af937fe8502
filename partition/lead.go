package partition

import "slices"

// MayLead reports whether a worker is one of the few that watch the lead, to take
// it when it falls free: those with the lowest IDs among the members that may
// lead, and while those are too few, also who is not among the members yet. The
// others notice a lead that is gone, too, only later: a watch of one key by
// everybody would cost every renewal a message to each.
func MayLead(h Head, w WorkerID, candidates int) bool {
	seats := slices.Clone(h.Seats)
	slices.SortFunc(seats, func(a, b Seat) int { return CompareWorkers(a.Worker, b.Worker) })
	for _, s := range seats {
		if s.NeverLead {
			if s.Worker == w {
				return false
			}
			continue
		}
		if candidates--; candidates < 0 {
			return false
		}
		if s.Worker == w {
			return true
		}
	}
	return candidates > 0
}
