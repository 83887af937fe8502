package actors

import (
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// mostDelay limits the pause between two tries, which doubles with each.
	mostDelay = 16 * retryDelay
	// triesToTell is how many fruitless tries in a row are a failed hand-over.
	triesToTell = 5
	// readingsToLose is how many readings in a row of one head must fail before it
	// is given up.
	readingsToLose = 5
)

// damage counts the readings of a head that does not go with its assignments, or of
// none where there was one.
type damage struct {
	head     partition.Revision
	readings int
}

// begin reads what former terms left. Only now that the term is stored, as no
// write of a former one is accepted any more.
func (p *publisher) begin(ctx actor.Context, _ *actor.Started) publisherState {
	return p.readTable(ctx)
}

func (p *publisher) readTable(ctx actor.Context) publisherState {
	p.ask(ctx, append([]messages.Key{messages.KeyTerm, messages.KeyHead}, p.parts()...)...)
	return reading
}

// parts are the assignments to read: all at once, which is cheap and as old as the replica
// that answers, or each by its name, which the stream's leader answers as it does for the
// head, once they did not go with it.
func (p *publisher) parts() (keys []messages.Key) {
	h, _ := p.entries[messages.KeyHead].Record.(partition.Head)
	if p.damage.readings == 0 || len(h.Seats) == 0 {
		return []messages.Key{messages.AllAssignments}
	}
	for _, s := range h.Seats {
		keys = append(keys, messages.KeyAssignment(s.Worker))
	}
	return keys
}

func (p *publisher) readAgain(ctx actor.Context, m tableDue) publisherState {
	if m.Round != p.round {
		return reading
	}
	return p.readTable(ctx)
}

func (p *publisher) readFailed(ctx actor.Context, m messages.ReadFailed) publisherState {
	if m.Round != p.round {
		return reading
	}
	p.hear(m.At)
	return p.readLater(ctx, m.Reason)
}

// readLater reads again after a while. It tells the calculator when that happens
// again and again, so that a term that cannot begin ends.
func (p *publisher) readLater(ctx actor.Context, reason string) publisherState {
	p.stumble(ctx, "the table cannot be read: "+reason)
	pause := p.pause()
	p.stall.readings += p.settings.StoreTimeout + pause
	ctx.Request(p.outside, messages.Remind{After: pause, Mail: tableDue{p.round}})
	return reading
}

// stumble counts a fruitless try.
func (p *publisher) stumble(ctx actor.Context, reason string) {
	if p.tries++; p.tries%triesToTell == 0 {
		p.tellFailure(ctx, reason)
	}
}

func (p *publisher) tellFailure(ctx actor.Context, reason string) {
	round := partition.Round(0)
	if p.want != nil {
		round = p.want.Round
	}
	if p.calculator != nil {
		ctx.Send(p.calculator, messages.HandOverFailed{Round: round, Reason: reason, At: p.now})
	}
}

// pause is how long to wait before the next try.
func (p *publisher) pause() time.Duration {
	return min(retryDelay<<min(max(p.tries-1, 0), 10), mostDelay)
}

// read joins what was read with what is known: reads may be stale, so that of
// each record the highest revision counts.
func (p *publisher) read(ctx actor.Context, m messages.ReadDone) publisherState {
	if m.Round != p.round {
		return reading
	}
	p.hear(m.At)
	for _, e := range m.Entries {
		known := p.entries[e.Key]
		if e.Revision > known.Revision || e.Revision == known.Revision && known.Fault != "" {
			p.entries[e.Key] = e
		}
	}
	term, head := p.entries[messages.KeyTerm], p.entries[messages.KeyHead]
	switch {
	case term.Revision > p.term:
		return p.fail(ctx, damaged(term, "another worker leads"), false)
	case term.Revision < p.term:
		return p.readLater(ctx, "the reading is older than this term")
	case head.Revision < p.head:
		return p.readLater(ctx, "the reading is older than the last one")
	case head.Newer:
		return p.refuse(ctx, head)
	}
	p.began = term.Time
	if p.since.IsZero() {
		p.since = m.At
	}
	switch {
	case head.Revision == 0:
		return p.withoutHead(ctx)
	case head.Fault != "":
		return p.withDamage(ctx, head, head.Fault, head.Revision)
	}
	return p.withHead(ctx, head)
}

func (p *publisher) withHead(ctx actor.Context, e messages.Entry) publisherState {
	h, _ := e.Record.(partition.Head)
	if h.Term > p.term {
		return p.fail(ctx, "a later term has written the head", false)
	}
	asg := map[partition.WorkerID]partition.Assignment{}
	for _, s := range h.Seats {
		e := p.entries[messages.KeyAssignment(s.Worker)]
		if a, ok := e.Record.(partition.Assignment); ok {
			asg[s.Worker] = a
		}
		if e.Newer {
			return p.refuse(ctx, e)
		}
	}
	table, err := partition.TableOf(h, asg)
	if err != nil {
		return p.withDamage(ctx, e, err.Error(), e.Revision)
	}
	if by, known, outrun := table.Outrun(p.roster); outrun {
		return p.withDamage(ctx, e, fmt.Sprintf("the store lost writes: %s applied step %d of session %s, and the head of step %d names step %d",
			by.Worker, by.Live.Applied, by.Live.Session, h.Step, known), max(e.Revision, p.roster.Newest()))
	}
	if p.emptied && h.Term < p.term { // it gives this worker what it no longer has
		return p.fail(ctx, "the head that was lost is there", true)
	}
	if f, mine := p.mine(h.Nonce); mine && f.publish.Revokes > 0 { // it had landed, just before at the latest
		p.remember(h.Step, p.now)
	}
	p.table, p.head, p.doubts, p.damage = table, e.Revision, nil, damage{}
	p.forget()
	return p.start(ctx)
}

// withDamage reads again, because head and assignments are read between two
// publishes at times. If they stay as they are, somebody else has written into the
// stream, or the store lost writes, and what was decided is lost as if there were no head.
// Whoever claimed after the revision at was given nothing of it.
func (p *publisher) withDamage(ctx actor.Context, head messages.Entry, reason string, at partition.Revision) publisherState {
	if !p.believes(head.Revision) {
		return p.readLater(ctx, reason)
	}
	lost := p.table
	if h, ok := head.Record.(partition.Head); ok {
		lost.Version, lost.Step, lost.Seats = max(lost.Version, h.Version), max(lost.Step, h.Step), slices.Concat(lost.Seats, h.Seats)
	}
	for _, f := range append(p.doubts, p.flight) { // which may have landed before
		lost.Step = max(lost.Step, f.publish.Table.Step)
	}
	p.highest = max(p.highest, lost.Step)
	p.table = partition.Table{Version: lost.Version}
	p.head, p.doubts, p.damage = head.Revision, nil, damage{}
	return p.beginQuarantine(ctx, "the table is damaged: "+reason, max(p.term, at), lost.Seats)
}

// believes counts readings in a row that say the same, and reports whether they are
// enough to give up what was decided.
func (p *publisher) believes(head partition.Revision) bool {
	if head != p.damage.head {
		p.damage = damage{head: head}
	}
	p.damage.readings++
	return p.damage.readings >= readingsToLose
}

// refuse leaves the lead to newer builds.
func (p *publisher) refuse(ctx actor.Context, e messages.Entry) publisherState {
	ctx.Send(ctx.Parent(), messages.TermFailed{Term: p.term, Reason: e.Fault, Resign: true, Unread: e.Key})
	return failing
}

// forget drops every sight below the revisions that the head names, and the waits
// that began with one.
func (p *publisher) forget() {
	clear(p.replaced)
	for _, s := range p.table.Seats {
		p.floors[s.Worker] = max(p.floors[s.Worker], s.Live)
		w, seen := p.roster[s.Worker]
		if !seen {
			continue
		}
		delete(p.roster, s.Worker)
		p.adopt(w)
	}
}

// start tells the table, from which the calculator decides, and goes on with a
// decision that is there already.
func (p *publisher) start(ctx actor.Context) publisherState {
	p.known, p.tries, p.entries = true, 0, map[messages.Key]messages.Entry{}
	p.replaced.Follow(p.table, p.roster)
	if p.want != nil {
		p.want.version = 0 // that of a table which turned out not to be the latest
	}
	p.tellTable(ctx)
	return p.step(ctx)
}

// floor is what steps start above: whatever anybody reported, and, for a term
// that finds no head, the server's clock, which is past every earlier step.
func (p *publisher) floor() partition.Step {
	if p.table.Step > 0 {
		return p.highest
	}
	return max(p.highest, partition.Step(max(p.began.UnixMilli(), 0)))
}
