//go:build unix

package live

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// read turns a line of a child into the mail that it came from.
func (c *crew) read(words []string) {
	l := c.g.ledger
	l.mu.Lock()
	p := c.known[words[0]]
	l.mu.Unlock()
	switch words[1] {
	case "state":
		p.warned(strings.Join(words[3:], " "))
		l.note(p.worker, messages.StateChanged{To: messages.State(words[2])})
	case "health":
		l.note(p.worker, messages.HealthChanged{Healthy: words[2] == "true", Reason: strings.Join(words[3:], " ")})
	case "owns":
		p.owns(l.changeTo(p.worker, words[2:]))
	case "is":
		p.says(words[2:])
	case "asleep":
		p.fellAsleep()
	}
}

// instant is what the clock of the machine said then, which all processes share.
func instant(text string) time.Time {
	n, _ := strconv.ParseInt(text, 10, 64)
	return time.Unix(0, n)
}

// changeTo makes the mail by which a worker comes to own exactly this since an instant.
func (l *ledger) changeTo(w *worker, words []string) messages.AssignmentChanged {
	var all []partition.Owned
	for i := 1; i+1 < len(words); i += 2 {
		all = append(all, partition.Owned{ID: partition.PartitionID(words[i]), Token: token(words[i+1])})
	}
	gained, lost := partition.Diff(l.read(w).owned, all)
	return messages.AssignmentChanged{Gained: gained, Lost: lost, All: all, At: instant(words[0])}
}

// owns writes an assignment down. What is of before a process was stopped, and is said when
// it wakes, it was in the middle of saying. Nothing else is its own then: its lease is over.
func (p *process) owns(m messages.AssignmentChanged) {
	l := p.g.ledger
	l.mu.Lock()
	stale := len(m.All) > 0 && m.At.Before(p.slept)
	switch {
	case len(m.All) == 0:
		p.dreams = false
	case stale:
		p.dreams, l.pages[p.worker].owned = true, m.All
	case p.dreams:
		l.wrong = append(l.wrong, fmt.Sprintf("%s has slept past its lease, and is given %d partitions before it has let go", p.name, len(m.All)))
	}
	l.mu.Unlock()
	if !stale {
		l.note(p.worker, m)
	}
}

// warned keeps the warning that comes with a new ID.
func (p *process) warned(reason string) {
	l := p.g.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, warning, ok := strings.Cut(reason, "warning: "); ok {
		p.warning = warning
	}
}

// says writes down what a process says of itself. One that has slept, and has not let go
// yet, does not own what it has: its own clock says that the lease is over.
func (p *process) says(words []string) {
	l := p.g.ledger
	l.mu.Lock()
	defer l.wake()
	defer l.mu.Unlock()
	n, _ := strconv.Atoi(words[0])
	term, _ := strconv.ParseUint(words[2], 10, 64)
	owned, _ := strconv.Atoi(words[3])
	p.is = standing{leading: words[1] == "true", term: partition.Revision(term), owned: owned}
	if len(words) > 7 { // there is a session
		p.is.session, p.is.worker = partition.SessionID(words[6]), partition.WorkerID(words[7])
	}
	if awake, leased := instant(words[4]).After(p.slept), words[5] == "true"; p.dreams && awake && leased && owned > 0 {
		l.wrong = append(l.wrong, fmt.Sprintf("%s has slept past its lease, and believes that it owns %d partitions", p.name, owned))
	}
	p.answers[n] = p.is
}

// fellAsleep: a process is stopped, and all that it said before was read. It is out of
// the way: what it has is free.
func (p *process) fellAsleep() {
	l := p.g.ledger
	l.mu.Lock()
	defer l.wake()
	defer l.mu.Unlock()
	for id, owner := range l.owner {
		if owner == p.worker {
			delete(l.owner, id)
		}
	}
	p.slept, p.dreams = time.Now(), true
}
