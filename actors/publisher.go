package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// publisher brings the table to what a decision wants, one fenced batch at a
// time. It owns head, assignments and journal while the term lasts. It hears
// hand-overs from the calculator and evidence from the debouncer, and tells the
// calculator what is published. It is never restarted: if it panics, the term
// ends, and the next one reads what is stored.
type publisher struct {
	publisherConfig
	state publisherState

	calculator, debouncer *actor.PID

	table   partition.Table
	head    partition.Revision // of the head that the table was read from or written with
	known   bool               // the table was read
	entries map[messages.Key]messages.Entry
	since   time.Time // this term looks since then
	began   time.Time // by the server's clock, which stamped the record of this term
	now     time.Time // the latest instant heard of

	roster   partition.Roster
	replaced partition.Replaced
	complete bool
	floors   map[partition.WorkerID]partition.Revision // those that the head names
	highest  partition.Step                            // that anybody reported
	longest  time.Duration                             // the longest lease of all that were seen
	revoked  map[partition.Step]time.Time

	want       *handover
	flight     flight
	doubts     []flight // on the present head, outcome unknown
	nonces     uint64
	round      partition.Round // of the latest question to the store
	wakes      partition.Round
	gathers    partition.Round
	gather     ackGathering
	gatherEnd  time.Time
	tries      int       // without success, in a row
	unread     int       // readings of what became of a step that failed, in a row
	rest       time.Time // no further try before
	told       time.Time // when the calculator last heard that steps come to nothing
	damage     damage
	emptied    bool // this worker dropped what it had for a head that was lost, and no other one has landed yet
	quarantine quarantine
	stall      stall
}

type publisherConfig struct {
	settings                 partition.Settings
	outside, manager, holder *actor.PID
	worker                   partition.WorkerID
	session                  partition.SessionID
	term                     partition.Revision
	fresh                    bool
	headed                   bool // this worker has seen a head: a reading without one is old, or it is lost
	dice                     partition.Dice
	until                    time.Time // the leadership is trusted until then
	grace                    time.Time // nobody is taken for dead before
}

// handover is a decision on its way.
type handover struct {
	messages.HandOver
	version partition.Version // 0 until something is published
	begun   bool
	done    bool // as near to the target as it can come without news
	moves   int
	// silent are those that could get something now if they renewed, and may do so yet.
	silent map[partition.WorkerID]bool
}

type publisherState string

const (
	reading     publisherState = "reading"     // waiting for head and assignments
	dropping    publisherState = "dropping"    // waiting for the own holdings to be dropped
	quarantined publisherState = "quarantined" // waiting until nobody can own anything
	settled     publisherState = "settled"     // waiting for a decision
	gaining     publisherState = "gaining"     // waiting for evidence, or for a wait to end
	publishing  publisherState = "publishing"  // waiting for the answer to a publish
	checking    publisherState = "checking"    // waiting to read what became of it
	failing     publisherState = "failing"     // waiting for the end of the term
)

// Reminders of a publisher to itself.
type (
	tableDue struct{ Round partition.Round }
	checkDue struct{ Round partition.Round }
	sendDue  struct{ Round partition.Round }
	wakeDue  struct {
		Round partition.Round
		At    time.Time
	}
	gatherDue struct {
		Round partition.Round
		At    time.Time
	}
	quarantineDue struct {
		Round partition.Round
		At    time.Time
	}
)

var publisherTable = fsm.New(
	fsm.On(reading, (*publisher).begin, reading), // Started
	fsm.On(reading, (*publisher).read, reading, dropping, settled, gaining, publishing, failing),
	fsm.On(reading, (*publisher).readFailed, reading),
	fsm.On(reading, (*publisher).readAgain, reading),
	fsm.On(reading, (*publisher).keep, reading), // HandOver
	fsm.On(reading, (*publisher).witness, reading),

	fsm.On(dropping, (*publisher).dropped, dropping, quarantined, settled, gaining, publishing, failing),
	fsm.On(dropping, (*publisher).dropAgain, dropping),
	fsm.On(dropping, (*publisher).keep, dropping),
	fsm.On(dropping, (*publisher).witness, dropping),

	fsm.On(quarantined, (*publisher).fenceStored, quarantined, dropping, settled, gaining, publishing), // Stored: a fence
	fsm.On(quarantined, (*publisher).fenceRefused, quarantined),
	fsm.On(quarantined, (*publisher).fenceUnsure, quarantined),
	fsm.On(quarantined, (*publisher).fenceRejected, quarantined),
	fsm.On(quarantined, (*publisher).fenceRead, quarantined, failing),
	fsm.On(quarantined, (*publisher).fenceReadFailed, quarantined),
	fsm.On(quarantined, (*publisher).quarantineGoesOn, quarantined, dropping, settled, gaining, publishing),
	fsm.On(quarantined, (*publisher).quarantineNews, quarantined, dropping, settled, gaining, publishing), // Witnessed
	fsm.On(quarantined, (*publisher).keep, quarantined),

	fsm.On(settled, (*publisher).handOver, reading, settled, gaining, publishing),
	fsm.On(settled, (*publisher).evidence, reading, settled, gaining, publishing), // Witnessed
	fsm.On(settled, (*publisher).wake, reading, settled, gaining, publishing),

	fsm.On(gaining, (*publisher).handOver, reading, settled, gaining, publishing),
	fsm.On(gaining, (*publisher).evidence, reading, settled, gaining, publishing),
	fsm.On(gaining, (*publisher).wake, reading, settled, gaining, publishing),
	fsm.On(gaining, (*publisher).gathered, reading, settled, gaining, publishing),

	fsm.On(publishing, (*publisher).stored, reading, settled, gaining, publishing),
	fsm.On(publishing, (*publisher).refused, publishing, checking),
	fsm.On(publishing, (*publisher).unsure, publishing),
	fsm.On(publishing, (*publisher).sendAgain, publishing, checking),
	fsm.On(publishing, (*publisher).rejected, publishing, gaining),
	fsm.On(publishing, (*publisher).keep, publishing),
	fsm.On(publishing, (*publisher).witness, publishing),

	fsm.On(checking, (*publisher).checked, checking, reading, settled, gaining, publishing, failing),
	fsm.On(checking, (*publisher).checkFailed, checking),
	fsm.On(checking, (*publisher).checkAgain, checking),
	fsm.On(checking, (*publisher).keep, checking),
	fsm.On(checking, (*publisher).witness, checking),

	fsm.Stay((*publisher).meet, reading, dropping, quarantined, settled, gaining, publishing, checking),
	fsm.Stay((*publisher).give, reading, dropping, quarantined, settled, gaining, publishing, checking), // GiveGrace
	fsm.Stay((*publisher).renewed, reading, dropping, quarantined, settled, gaining, publishing, checking),

	fsm.Late[*publisher, publisherState](
		messages.Stored{}, messages.Conflicted{}, messages.Unsure{}, messages.Rejected{},
		messages.ReadDone{}, messages.ReadFailed{}, messages.HoldingsDropped{},
		tableDue{}, checkDue{}, sendDue{}, wakeDue{}, gatherDue{}, quarantineDue{},
	),
)

func publisherProps(cfg publisherConfig) *actor.Props {
	return stage.Props(func() actor.Actor {
		p := &publisher{
			publisherConfig: cfg, state: reading, roster: partition.Roster{}, replaced: partition.Replaced{},
			entries: map[messages.Key]messages.Entry{}, floors: map[partition.WorkerID]partition.Revision{},
			revoked: map[partition.Step]time.Time{},
		}
		return overheard(p, "publisher", publisherTable.Types(), cfg.settings, cfg.outside, cfg.worker, cfg.term)
	}, stage.Together)
}

// Receive implements actor.Actor.
func (p *publisher) Receive(ctx actor.Context) { publisherTable.Receive(ctx, p, &p.state, nil) }

// meet may come before or after the table was read.
func (p *publisher) meet(ctx actor.Context, m introduce) {
	p.calculator, p.debouncer = m.calculator, m.debouncer
	p.tellTable(ctx)
}

func (p *publisher) give(_ actor.Context, m messages.GiveGrace) { p.grace = m.Until }

func (p *publisher) tellTable(ctx actor.Context) {
	if p.known && p.calculator != nil {
		ctx.Send(p.calculator, messages.TableRead{Table: p.table, Lost: p.emptied, At: p.now})
	}
}

func (p *publisher) witness(_ actor.Context, m messages.Witnessed) publisherState {
	p.see(m)
	return p.state
}

// see takes evidence into the roster, and reports whether it may change what can
// be done.
func (p *publisher) see(m messages.Witnessed) bool {
	p.hear(m.At)
	completed := m.Complete && !p.complete
	p.complete = p.complete || m.Complete
	if completed { // who was replaced before, or whose record vanished, was not seen
		p.quarantine.loss.From(m.At)
	}
	w := m.Witness
	was := p.roster[w.Worker]
	return p.adopt(w) && (was.Frees(p.roster[w.Worker]) || p.revives(w.Worker)) || completed
}

// revives reports whether a worker renews by which something is blocked because it did not.
func (p *publisher) revives(w partition.WorkerID) bool {
	return p.want != nil && p.want.silent[w] && p.renews(w)
}

func (p *publisher) renews(w partition.WorkerID) bool {
	return p.roster[w].Standing(p.now, p.settings.Rules(p.grace)) == partition.Renewing
}

// adopt takes a witness with all its instants, also those of before the term, if its
// session was claimed above the revision that the head names: then nothing of it is
// older. Of another one only the latest record counts, from its own first sight.
func (p *publisher) adopt(w partition.Witness) bool {
	if w.Live.Claim <= p.floors[w.Worker] || w.Revision <= p.roster[w.Worker].Revision {
		return p.sight(w.Worker, w.Live, w.Revision, w.At)
	}
	p.note(w)
	return true
}

// sight takes one record, unless it is not newer than what is known or than what
// the head names.
func (p *publisher) sight(worker partition.WorkerID, live partition.Live, revision partition.Revision, at time.Time) bool {
	if revision < p.floors[worker] || revision == 0 {
		return false
	}
	next, newer := p.roster[worker].See(worker, live, revision, at)
	if newer {
		p.note(next)
	}
	return newer
}

func (p *publisher) note(w partition.Witness) {
	p.roster[w.Worker] = w
	p.highest = max(p.highest, w.Live.Applied, w.Live.Seen)
	p.longest = max(p.longest, w.Live.Lease)
	if p.state == dropping || p.state == quarantined {
		p.quarantine.loss.Await(w)
	}
	if i := p.table.SeatOf(w.Worker); i != partition.None {
		p.replaced.See(p.table.Seats[i], w)
	}
}

func (p *publisher) hear(at time.Time) { p.now = later(p.now, at) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// fail gives the term up.
func (p *publisher) fail(ctx actor.Context, reason string, resign bool) publisherState {
	ctx.Send(ctx.Parent(), messages.TermFailed{Term: p.term, Reason: reason, Resign: resign})
	return failing
}

// ask reads some records; the answer carries the present round.
func (p *publisher) ask(ctx actor.Context, keys ...messages.Key) {
	p.round++
	ctx.Request(p.outside, messages.Read{Round: p.round, Keys: keys})
}
