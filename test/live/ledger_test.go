package live

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// ledger writes down what all workers hear, at the instant they hear it and
// before they confirm it, and finds partitions with two owners.
type ledger struct {
	t    *testing.T
	news chan struct{}

	mu    sync.Mutex
	pages map[*worker]*page
	owner map[partition.PartitionID]*worker
	last  map[partition.PartitionID]*worker // also of what it lost
	token map[partition.PartitionID]partition.Token
	wrong []string
	held  map[*worker]bool // workers whose confirmations are withheld
	twice bool             // two may own a partition for a while
}

// page is what one worker heard.
type page struct {
	changes []messages.AssignmentChanged
	states  []messages.State
	reasons []string // of the states
	health  messages.HealthChanged
	changed time.Time // the state, latest
	alerts  []messages.AlertRaised
	// complaints are all reasons why it was not healthy.
	complaints []string
	lost       int // sessions
	owned      []partition.Owned
	buried     bool
	owes       []messages.AssignmentChanged
}

func newLedger(t *testing.T) *ledger {
	return &ledger{
		t: t, news: make(chan struct{}, 1), pages: map[*worker]*page{}, held: map[*worker]bool{},
		owner: map[partition.PartitionID]*worker{}, last: map[partition.PartitionID]*worker{}, token: map[partition.PartitionID]partition.Token{},
	}
}

func (l *ledger) hire(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages[w] = &page{}
}

// bury says that a worker is dead: what it had is free, and it is not heard any
// more.
func (l *ledger) bury(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages[w].buried = true
	for id, owner := range l.owner {
		if owner == w {
			delete(l.owner, id)
		}
	}
}

// note writes one message down. It reports the steps to confirm.
func (l *ledger) note(w *worker, mail any) (confirm []partition.Step) {
	l.mu.Lock()
	defer l.wake()
	defer l.mu.Unlock()
	p := l.pages[w]
	if p.buried {
		return nil
	}
	switch m := mail.(type) {
	case messages.StateChanged:
		p.states, p.reasons, p.changed = append(p.states, m.To), append(p.reasons, m.Reason), m.At
	case messages.AlertRaised:
		p.alerts = append(p.alerts, m)
	case messages.HealthChanged:
		p.health = m
		p.complaints = append(p.complaints, m.Reason)
		if strings.Contains(m.Reason, "the session was lost") {
			p.lost++
		}
	case messages.AssignmentChanged:
		l.assigned(w, p, m)
		if len(m.Lost) > 0 {
			p.owes = append(p.owes, m)
		}
	}
	if l.held[w] {
		return nil
	}
	for _, m := range p.owes {
		confirm = append(confirm, m.Step)
	}
	p.owes = nil
	return confirm
}

// owed are the partitions that were revoked and not confirmed.
func (p *page) owed() []partition.PartitionID {
	var ids []partition.PartitionID
	for _, m := range p.owes {
		for _, o := range m.Lost {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// hold withholds the confirmations of a worker, or ends that.
func (l *ledger) hold(w *worker, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[w] = on
}

// wake makes await look again.
func (l *ledger) wake() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

func (l *ledger) assigned(w *worker, p *page, m messages.AssignmentChanged) {
	p.changes, p.owned = append(p.changes, m), m.All
	for _, o := range m.Lost {
		if l.owner[o.ID] == w {
			delete(l.owner, o.ID)
		}
	}
	for _, o := range m.Gained {
		if other := l.owner[o.ID]; other != nil && other != w && !l.twice {
			l.wrong = append(l.wrong, fmt.Sprintf("%s is gained by %s while %s owns it", o.ID, w.name, other.name))
		}
		if last := l.token[o.ID]; o.Token < last || o.Token == last && l.last[o.ID] != w {
			l.wrong = append(l.wrong, fmt.Sprintf("%s is gained with token %d, after %d", o.ID, o.Token, l.token[o.ID]))
		}
		l.owner[o.ID], l.last[o.ID], l.token[o.ID] = w, w, o.Token
	}
}

// audit fails the test for everything that was wrong on the way.
func (l *ledger) audit() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.wrong {
		l.t.Error(w)
	}
}

// await waits for mail until something is so.
func (l *ledger) await(what string, so func() bool) {
	l.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		l.mu.Lock()
		met := so()
		l.mu.Unlock()
		if met {
			return
		}
		select {
		case <-l.news:
		case <-late.C:
			l.mu.Lock()
			defer l.mu.Unlock()
			require.Fail(l.t, "no mail for too long", "waiting until %s:\n%s", what, l)
		}
	}
}

// String lists what is known, for the message of a test that fails.
func (l *ledger) String() string {
	var out strings.Builder
	for w, p := range l.pages {
		fmt.Fprintf(&out, "%s: owns %d, %d changes, states %v, health %+v, buried %t\n",
			w.name, len(p.owned), len(p.changes), p.states, p.health, p.buried)
	}
	return out.String()
}

// The rest is asked while the ledger is locked, by what await is given.

// shared reports whether these workers own everything, in equal shares.
func (l *ledger) shared(partitions int, workers []*worker) bool {
	sum, least, most := 0, partitions, 0
	for _, w := range workers {
		n := len(l.pages[w].owned)
		sum, least, most = sum+n, min(least, n), max(most, n)
	}
	return sum == partitions && most-least <= 1
}

func (l *ledger) all(workers []*worker, so func(*page) bool) bool {
	return !slices.ContainsFunc(workers, func(w *worker) bool { return !so(l.pages[w]) })
}

func stable(p *page) bool { return p.is(messages.Stable) }

func (p *page) is(s messages.State) bool { return len(p.states) > 0 && p.states[len(p.states)-1] == s }

// read returns a copy of what one worker has heard.
func (l *ledger) read(w *worker) *page {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := *l.pages[w]
	p.changes, p.states, p.owes = slices.Clone(p.changes), slices.Clone(p.states), slices.Clone(p.owes)
	p.complaints, p.alerts, p.reasons = slices.Clone(p.complaints), slices.Clone(p.alerts), slices.Clone(p.reasons)
	return &p
}

// ear is the subscriber of one worker.
type ear struct{ w *worker }

// release asks an ear to confirm all that it has withheld.
type release struct{}

// Receive implements actor.Actor.
func (e *ear) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(e.w.manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case release, messages.AssignmentChanged, messages.StateChanged, messages.HealthChanged, messages.AlertRaised:
		for _, step := range e.w.g.ledger.note(e.w, ctx.Message()) {
			ctx.Send(e.w.manager, messages.LetGo{PID: ctx.Self(), Step: step})
		}
	}
}
