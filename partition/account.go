package partition

import (
	"fmt"
	"slices"
	"strings"
)

// Account is what the records of a group tell of one partition: who owns it, since
// when and why, and what it waits for.
type Account struct {
	Partition PartitionID
	// Version and Step are those of the head that the account rests on.
	Version Version
	Step    Step
	// Owner has it under Token, which is the step that granted it. Empty: nobody has it.
	Owner   WorkerID
	Session SessionID
	Token   Token
	// Entered is the step at which it entered the source. Gone: the table does not have
	// it, so that the leader's source did not list it when the latest decision was made.
	Entered Step
	Gone    bool
	// Revoking is the step that told the owner to let it go; 0 if none did. Pending is the
	// worker that was told that it will get it.
	Revoking Step
	Pending  WorkerID
	// Granted and Revoked are what the journal has of the steps Token and Revoking, without
	// their moves; zero if it has them no longer. Move is the one that brought it here.
	Granted, Revoked Journal
	Move             Move
	// Waits says what stands between the partition and an owner who works on it, or the
	// owner who is to have it; empty if nothing does.
	Waits []string
}

// Account returns what table and workers' records tell of a partition. Of silence they
// tell nothing: only a leader that watched knows of it.
func (t Table) Account(id PartitionID, roster Roster) Account {
	a := Account{Partition: id, Version: t.Version, Step: t.Step}
	row, listed := t.Row(id)
	if !listed {
		a.Gone = true
		return a
	}
	a.Entered, a.Revoking = row.Entered, row.Revoking
	if row.Pending != None {
		a.Pending = t.Seats[row.Pending].Worker
	}
	if row.Seat == None {
		a.wait("nobody owns it")
		for _, w := range roster.IDs() {
			if _, listed := roster[w].Live.Abandons(id); listed && !roster[w].Live.Ended() {
				a.wait("%s cannot have it: an old handler of it still runs there (revision %d)", w, roster[w].Revision)
			}
		}
		return a
	}
	seat := t.Seats[row.Seat]
	a.Owner, a.Session, a.Token = seat.Worker, seat.Session, row.Token
	w := roster[seat.Worker]
	if !a.ended(seat, w) {
		a.owned(w)
	}
	return a
}

func (a *Account) wait(format string, args ...any) {
	a.Waits = append(a.Waits, fmt.Sprintf(format, args...))
}

// ended says what is waited for when the owner's session is over.
func (a *Account) ended(seat Seat, w Witness) bool {
	l := w.Live
	switch {
	case w.Revision == 0:
		a.wait("%s has no record: its session is fenced, and its lease has to end", seat.Worker)
	case l.Session != seat.Session && l.Predecessor == seat.Session && l.PredecessorReleased:
		a.wait("session %s of %s was released: the next publish gives it away", seat.Session, seat.Worker)
	case l.Session != seat.Session:
		a.wait("session %s of %s was replaced at revision %d: its lease has to end", seat.Session, seat.Worker, w.Revision)
	case l.Fence != nil && l.Fence.AfterSilence:
		a.wait("session %s of %s was fenced after silence by term %d: the next publish gives it away", seat.Session, seat.Worker, l.Fence.Term)
	case l.Fence != nil:
		a.wait("session %s of %s was fenced by term %d: its lease has to end", seat.Session, seat.Worker, l.Fence.Term)
	case l.Released && l.Restarting:
		a.wait("%s announced to come back (revision %d): it is kept for it until RestartHoldDown is over", seat.Worker, w.Revision)
	case l.Released:
		a.wait("session %s of %s was released at revision %d: the next publish gives it away", seat.Session, seat.Worker, w.Revision)
	default:
		return false
	}
	return true
}

// owned says what is waited for while the owner's session goes on, as far as anybody
// but the leader can know.
func (a *Account) owned(w Witness) {
	l, revision := w.Live, w.Revision
	abandoned, writtenOff := l.Abandons(a.Partition)
	switch {
	case a.Revoking == 0 && l.Applied < Step(a.Token):
		a.wait("%s has not acknowledged step %d yet (it applied %d at revision %d)", w.Worker, a.Token, l.Applied, revision)
	case a.Revoking == 0:
	case l.Applied < a.Revoking:
		a.wait("%s has not acknowledged yet that it is to let go, by step %d (it applied %d at revision %d)", w.Worker, a.Revoking, l.Applied, revision)
	case l.Holds(a.Partition):
		a.wait("%s still works on it (revision %d): it was told to let go by step %d", w.Worker, revision, a.Revoking)
	case writtenOff && abandoned.Step == a.Revoking:
		a.wait("%s has written it off (revision %d), as its handler did not stop: a lease has to end", w.Worker, revision)
	default:
		a.wait("%s has let go of it (revision %d): the next publish gives it away", w.Worker, revision)
	}
	if a.Revoking != 0 && a.Pending == "" {
		a.wait("nobody is named who will get it")
	}
	if slices.Contains(l.Quarantined, a.Partition) {
		a.wait("%s owns it and does not work on it: it is quarantined there (revision %d)", w.Worker, revision)
	}
}

// Cite adds what the journal has of the steps that matter.
func (a *Account) Cite(j Journal) {
	if j.Step == 0 {
		return
	}
	if j.Step == Step(a.Token) {
		for _, m := range j.Moves {
			if m.Partition == a.Partition {
				m.Kept = ""
				a.Move = m
			}
		}
		a.Granted = j.without()
	}
	if j.Step == a.Revoking {
		a.Revoked = j.without()
	}
}

func (j Journal) without() Journal {
	j.Moves, j.More, j.Kept = nil, 0, ""
	return j
}

// String tells the account in sentences.
func (a Account) String() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	switch {
	case a.Gone:
		say("%s is not in the table of step %d (version %d).", a.Partition, a.Step, a.Version)
	case a.Owner == "":
		say("%s has no owner at step %d (version %d).", a.Partition, a.Step, a.Version)
	default:
		say("%s is owned by %s (session %s) since step %d, its token.", a.Partition, a.Owner, a.Session, a.Token)
		a.tellGrant(say)
	}
	if a.Revoking != 0 {
		say(" It was told to let go by step %d", a.Revoking)
		if a.Revoked.Step != 0 {
			say(", version %d, of %s: %s (%s)", a.Revoked.Version, a.Revoked.Leader, a.Revoked.Cause, strings.Join(a.Revoked.Evidence, "; "))
		}
		say(".")
	}
	if a.Pending != "" {
		say(" %s is to get it.", a.Pending)
	}
	for _, w := range a.Waits {
		say(" Waits: %s.", w)
	}
	return b.String()
}

func (a Account) tellGrant(say func(string, ...any)) {
	if a.Granted.Step == 0 {
		say(" The journal does not have that step.")
		return
	}
	say(" It was granted with version %d of %s (term %d): %s (%s).",
		a.Granted.Version, a.Granted.Leader, a.Granted.Term, a.Granted.Cause, strings.Join(a.Granted.Evidence, "; "))
	if a.Move.Partition == "" {
		say(" That step had more moves than it lists.")
		return
	}
	say(" Why: %s", a.Move.Why)
	if a.Move.From != "" {
		say(", from %s, which had let go (%s, revision %d)", a.Move.From, a.Move.By, a.Move.Revision)
	}
	say(".")
}
