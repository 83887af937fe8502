package partition

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// FreeTried is how many free IDs one scan offers. When others took them all, the
	// next scan offers more.
	FreeTried = 256
	// InTurn is how many candidates are tried one after the other. A worker that
	// was refused more often is in a crowd.
	InTurn = 16
)

// Slot is a worker's record as a scan found it.
type Slot struct {
	Worker   WorkerID
	Revision Revision
	Live     Live
}

// Candidate is one conditional write by which an ID may be claimed.
type Candidate struct {
	Worker WorkerID
	// Expect is the revision that the record must still have; 0 for a free ID.
	Expect Revision
	// Predecessor is the session that had the ID, and Released whether it is
	// known that nothing is owned under it any more.
	Predecessor SessionID
	Released    bool
	// Abandoned is what the predecessor wrote off when it was released: its
	// handlers may still run.
	Abandoned []Abandoned
	// Poison is what the predecessor had quarantined.
	Poison []Poison
	// Twin: the record has this process's instance key and is still in use.
	Twin bool
	// Reserved: whoever released the record announced its return.
	Reserved bool
	// Silent: the record is somebody's unless it stays unchanged for
	// Wait(Lease) on the claimant's clock.
	Silent bool
}

// Claims are the settings that a claim depends on.
type Claims struct {
	Prefix      string
	From, Count int
	InstanceKey string
	// Lost are IDs under which this process was replaced: it never replaces the
	// other in turn.
	Lost []WorkerID
}

// Candidates returns what to try, best first: the record with one's own instance
// key (an announced restart before the newest other), slots that were released or
// fenced (lowest first, those that announced their return last), free IDs (lowest
// first), and last the records of others, which may be claimed only if they stay
// silent.
func (c Claims) Candidates(slots []Slot) []Candidate {
	slots = slices.DeleteFunc(slices.Clone(slots), func(s Slot) bool { return !c.owns(s.Worker) })
	slices.SortFunc(slots, func(a, b Slot) int { return CompareWorkers(a.Worker, b.Worker) })
	var mine, vacant, reserved, silent []Slot
	taken := make(map[WorkerID]bool, len(slots))
	for _, s := range slots {
		taken[s.Worker] = true
		switch {
		case c.InstanceKey != "" && s.Live.InstanceKey == c.InstanceKey && !slices.Contains(c.Lost, s.Worker):
			mine = append(mine, s)
		case s.Live.Ended() && s.Live.Restarting:
			reserved = append(reserved, s)
		case s.Live.Ended():
			vacant = append(vacant, s)
		default:
			silent = append(silent, s)
		}
	}
	slices.SortStableFunc(mine, func(a, b Slot) int {
		return cmp.Or(announced(b)-announced(a), cmp.Compare(b.Revision, a.Revision))
	})
	out := c.all(nil, mine, false)
	out = c.all(out, vacant, false)
	out = c.all(out, reserved, false)
	out = append(out, c.free(taken)...)
	return c.all(out, silent, true)
}

// NextCandidate returns which candidate to try after one was refused: others were
// quicker, so many times in a row. In a crowd the ways part: trying every ID together
// with everybody else would cost a group the square of its size. Some are left out
// then, twice as many each time, but those of another kind are not tried before.
// Without a next one it returns len(all).
func NextCandidate(all []Candidate, at, refusals int, dice Dice) int {
	next := at + 1
	if refusals <= InTurn {
		return next
	}
	end := next
	for end < len(all) && all[end].kind() == all[at].kind() {
		end++
	}
	if end == next {
		return len(all)
	}
	window := min(end-next, 1<<min(refusals-InTurn, 20))
	return next + int(dice.Jitter("claim", uint64(refusals), time.Duration(window)))
}

// kind tells candidates apart of which one sort is to be tried before the other.
func (c Candidate) kind() (k struct{ free, twin, reserved, silent bool }) {
	k.free, k.twin, k.reserved, k.silent = c.Expect == 0, c.Twin, c.Reserved, c.Silent
	return k
}

func announced(s Slot) int {
	if s.Live.Released && s.Live.Restarting {
		return 1
	}
	return 0
}

func (c Claims) all(out []Candidate, slots []Slot, silent bool) []Candidate {
	for _, s := range slots {
		over := s.Live.Released || s.Live.Fence != nil && s.Live.Fence.AfterSilence
		out = append(out, Candidate{
			Worker: s.Worker, Expect: s.Revision, Predecessor: s.Live.Session, Released: over, Abandoned: s.Live.Abandoned, Poison: s.Live.Poison,
			Twin: !silent && !s.Live.Ended(), Reserved: s.Live.Ended() && s.Live.Restarting, Silent: silent,
		})
	}
	return out
}

func (c Claims) free(taken map[WorkerID]bool) []Candidate {
	var out []Candidate
	for n := c.From; n < c.From+c.Count && len(out) < FreeTried; n++ {
		if id := WorkerIDAt(c.Prefix, n); !taken[id] {
			out = append(out, Candidate{Worker: id})
		}
	}
	return out
}

// owns reports whether an ID is one of the range.
func (c Claims) owns(w WorkerID) bool {
	tail, ok := strings.CutPrefix(string(w), c.Prefix+"-")
	if !ok {
		return false
	}
	n, err := strconv.Atoi(tail)
	return err == nil && n >= c.From && n < c.From+c.Count && WorkerIDAt(c.Prefix, n) == w
}
