package partition

import (
	"fmt"
	"maps"
	"slices"
)

// MaxJournalMoves is how many moves a journal record lists, if their names are not too
// long; the rest is counted by reason.
const MaxJournalMoves = 2000

// maxJournalBytes keeps the record well below what one message holds.
const maxJournalBytes = 256 << 10

// Journal returns the record of what the publish does, for people. What the decision
// rests on comes first.
func (p Publish) Journal(leader WorkerID, cause string, evidence []string, m Measure) Journal {
	j := Journal{
		Version: p.Table.Version, Step: p.Table.Step, Term: p.Table.Term, Leader: leader, Cause: cause,
		Evidence: slices.Clone(evidence), Measure: m,
	}
	j.Moves = p.Moves[:fitting(p.Moves)]
	j.More = len(p.Moves) - len(j.Moves)
	say := func(format string, args ...any) { j.Evidence = append(j.Evidence, fmt.Sprintf(format, args...)) }
	for i, f := range p.Fences {
		if i == maxJournalFences {
			say("%d more sessions are fenced", len(p.Fences)-i)
			break
		}
		say("session %s of %s is fenced at revision %d: %s", f.Live.Session, f.Worker, f.Revision, f.why())
	}
	for _, line := range counted(p.Moves[len(j.Moves):]) {
		say("%s", line)
	}
	kinds := [FreedByFence + 1]int{}
	for _, f := range p.Freed {
		kinds[f.By]++
	}
	for kind, n := range kinds {
		if n > 0 {
			say("%d freed by %s", n, FreedBy(kind))
		}
	}
	if p.Revokes > 0 {
		say("%d are to be let go", p.Revokes)
	}
	return j
}

// maxJournalFences is how many fences are named.
const maxJournalFences = 100

// fitting is how many of the moves are listed.
func fitting(moves []Move) int {
	size := 0
	for i, m := range moves {
		size += len(m.Partition) + len(m.From) + len(m.To) + len(m.Why) + 12
		if i == MaxJournalMoves || size > maxJournalBytes {
			return i
		}
	}
	return len(moves)
}

// counted says how many of the moves have which reason.
func counted(moves []Move) (lines []string) {
	counts := map[string]int{}
	for _, m := range moves {
		counts[m.Why]++
	}
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, fmt.Sprintf("%d more moves: %s", counts[why], why))
	}
	return lines
}

// why says what made a leader end the session.
func (f SessionFence) why() string {
	switch {
	case f.Revision == 0:
		return "it has no record"
	case f.Live.Fence != nil && f.Live.Fence.AfterSilence:
		return "it was silent for longer than its lease"
	}
	return "it did not let go in time"
}
