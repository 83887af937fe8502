package partition

import "slices"

// MayLead reports whether a worker is one of the few that watch the lead, to take
// it when it falls free: those with the lowest IDs among the members that may
// lead. Without a head everybody is. The others notice a lead that is gone, too,
// only later: a watch of one key by everybody would cost every renewal a message
// to each.
func MayLead(h Head, w WorkerID, candidates int) bool {
	if len(h.Seats) == 0 {
		return true
	}
	seats := slices.Clone(h.Seats)
	slices.SortFunc(seats, func(a, b Seat) int { return CompareWorkers(a.Worker, b.Worker) })
	for _, s := range seats {
		if s.NeverLead {
			continue
		}
		if candidates--; candidates < 0 {
			return false
		}
		if s.Worker == w {
			return true
		}
	}
	return false
}
