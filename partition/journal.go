package partition

import "fmt"

// MaxJournalMoves is how many moves a journal record lists; the rest is counted.
const MaxJournalMoves = 100

// Journal returns the record of what the publish does, for people.
func (p Publish) Journal(leader WorkerID, cause string) Journal {
	j := Journal{Version: p.Table.Version, Step: p.Table.Step, Term: p.Table.Term, Leader: leader, Cause: cause, Moves: p.Moves}
	if more := len(j.Moves) - MaxJournalMoves; more > 0 {
		j.Moves, j.More = j.Moves[:MaxJournalMoves], more
	}
	say := func(format string, args ...any) { j.Evidence = append(j.Evidence, fmt.Sprintf(format, args...)) }
	for i, f := range p.Fences {
		if i == MaxJournalMoves {
			say("%d more sessions are fenced", len(p.Fences)-i)
			break
		}
		say("session %s of %s is fenced at revision %d: %s", f.Live.Session, f.Worker, f.Revision, f.why())
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
