package partition

import "fmt"

// maxEvidence is how many workers of one kind a decision's evidence names.
const maxEvidence = 20

// Grounds returns what a decision about the change rests on, for people: sessions
// with the revisions of the records that showed how they stand, and counts.
func (c Change) Grounds(roster Roster) (lines []string) {
	for _, kind := range []struct {
		ids  []WorkerID
		says func(Witness) string
	}{
		{c.Crashed, Witness.fallen},
		{c.Left, func(Witness) string { return "was released" }},
		{c.Returned, func(Witness) string { return "follows a former one" }},
		{c.Joined, func(Witness) string { return "is new" }},
	} {
		for i, id := range kind.ids {
			if i == maxEvidence {
				lines = append(lines, fmt.Sprintf("%d more like these", len(kind.ids)-i))
				break
			}
			w := roster[id]
			if w.Revision == 0 {
				lines = append(lines, fmt.Sprintf("%s has a seat and no record", id))
				continue
			}
			lines = append(lines, fmt.Sprintf("session %s of %s %s at revision %d", w.Live.Session, id, kind.says(w), w.Revision))
		}
	}
	for _, n := range []struct {
		count int
		what  string
	}{
		{c.Orphans, "without an owner who counts"},
		{c.Removed, "no longer in the source"},
		{c.Drains, "owned by who gives everything up"},
		{c.Unfinished, "already on their way"},
		{c.Misplaced, "at owners without their labels or their pin"},
	} {
		if n.count > 0 {
			lines = append(lines, fmt.Sprintf("%d partitions are %s", n.count, n.what))
		}
	}
	if n := len(c.Refreshing); n > 0 {
		lines = append(lines, fmt.Sprintf("%d sessions ask for a refresh", n))
	}
	if c.Imbalance > 0 {
		lines = append(lines, fmt.Sprintf("the imbalance is %.2f", c.Imbalance))
	}
	return lines
}

// fallen says how a session ended that did not end itself.
func (w Witness) fallen() string {
	if w.Live.Fence != nil {
		return fmt.Sprintf("was fenced by term %d", w.Live.Fence.Term)
	}
	return "has been silent for longer than its lease"
}
