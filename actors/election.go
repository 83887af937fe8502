package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// election is one session's part in deciding who leads. It owns the record lead
// while this worker leads, and the term below it. It hears the store's answers
// and the term's failures, and tells the manager who leads and whether it is this
// worker. It is never restarted: if it panics, its term stops with it, and the
// manager begins a new session.
type election struct {
	electionConfig
	state electionState

	round  partition.Round // of the latest question to the store
	looks  partition.Round // of the next slow look
	known  sight           // the lead as it was seen last
	termAt partition.Revision
	watch  bool // the lead is watched: this worker is a candidate
	told   *partition.WorkerID

	candidacy
	leadership
	ending bool // StandDown arrived
}

// sight is the lead, and since when it is unchanged.
type sight struct {
	lead     partition.Lead
	revision partition.Revision
	at       time.Time
}

// free reports whether the lead may be taken at once.
func (s sight) free() bool { return s.revision == 0 || s.lead.Released }

type electionConfig struct {
	settings                          partition.Settings
	outside, holder, strategy, source *actor.PID
	worker                            partition.WorkerID
	session                           partition.SessionID
	claim                             partition.Revision
	dice                              partition.Dice
	// fresh: nobody can be alive who held anything in this group.
	fresh bool
}

type electionState string

const (
	looking     electionState = "looking"     // waiting for the lead to be read
	watching    electionState = "watching"    // waiting for the lead to fall free
	campaigning electionState = "campaigning" // waiting for the answer to a candidacy
	verifying   electionState = "verifying"   // waiting to read who won
	leading     electionState = "leading"     // waiting for the next renewal
	stepping    electionState = "stepping"    // waiting for the term to end
	resigning   electionState = "resigning"   // waiting for the lead to be released
	resting     electionState = "resting"     // waiting until others had their chance
	stood       electionState = "stood"       // waiting to be stopped
)

// Reminders of an election to itself.
type (
	lookDue     struct{ Round partition.Round }
	leadDue     struct{ Revision partition.Revision }
	campaignDue struct{ Round partition.Round }
	verifyDue   struct{ Round partition.Round }
	renewDue    struct{ Beat uint64 }
	leadEnd     struct{ End time.Time }
	restDue     struct{}
)

var electionTable = fsm.New(
	fsm.On(looking, (*election).begin, looking), // Started
	fsm.On(looking, (*election).looked, looking, watching, campaigning),
	fsm.On(looking, (*election).lookFailed, looking),
	fsm.On(looking, (*election).lookAgain, looking),
	fsm.On(looking, (*election).quit, stood),

	fsm.On(watching, (*election).saw, watching, campaigning),
	fsm.On(watching, (*election).fell, watching, campaigning),
	fsm.On(watching, (*election).lookAgain, watching, looking),
	fsm.On(watching, (*election).quit, stood),

	fsm.On(campaigning, (*election).won, campaigning, leading, resigning),
	fsm.On(campaigning, (*election).refused, campaigning, looking, verifying, stood),
	fsm.On(campaigning, (*election).unsure, campaigning),
	fsm.On(campaigning, (*election).rejected, campaigning, looking, stood),
	fsm.On(campaigning, (*election).again, campaigning),
	fsm.On(campaigning, (*election).quitLater, campaigning),

	fsm.On(verifying, (*election).verified, verifying, leading, resigning, looking, stood),
	fsm.On(verifying, (*election).verifyFailed, verifying),
	fsm.On(verifying, (*election).verifyAgain, verifying),
	fsm.On(verifying, (*election).quitLater, verifying),

	fsm.On(leading, (*election).renew, leading),
	fsm.On(leading, (*election).renewed, leading, stepping),
	fsm.On(leading, (*election).renewRefused, leading, stepping),
	fsm.On(leading, (*election).renewUnsure, leading),
	fsm.On(leading, (*election).renewRejected, leading),
	fsm.On(leading, (*election).readBack, leading, stepping),
	fsm.On(leading, (*election).readFailed, leading),
	fsm.On(leading, (*election).expired, leading, stepping),
	fsm.On(leading, (*election).termFailed, leading, stepping),
	fsm.On(leading, (*election).termEnded, leading, resigning, looking),
	fsm.On(leading, (*election).sourceChanged, leading),
	fsm.On(leading, (*election).stepDown, stepping),

	fsm.On(stepping, (*election).termEnded, stepping, resigning, looking, stood),
	fsm.On(stepping, (*election).quitLater, stepping),

	fsm.On(resigning, (*election).released, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseRefused, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseUnsure, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseRejected, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).quitLater, resigning),

	fsm.On(resting, (*election).rested, looking), // restDue
	fsm.On(resting, (*election).quit, stood),

	fsm.Late[*election, electionState](
		messages.Stored{}, messages.Conflicted{}, messages.Unsure{}, messages.Rejected{},
		messages.ReadDone{}, messages.ReadFailed{}, messages.Seen{}, messages.WatchSynced{},
		messages.PartitionsListed{}, messages.TermFailed{},
		lookDue{}, leadDue{}, campaignDue{}, verifyDue{}, renewDue{}, leadEnd{}, restDue{},
	),
)

func electionProps(cfg electionConfig) *actor.Props {
	return stage.Props(func() actor.Actor { return &election{electionConfig: cfg, state: looking} })
}

// Receive implements actor.Actor.
func (e *election) Receive(ctx actor.Context) { electionTable.Receive(ctx, e, &e.state, nil) }

func (e *election) begin(ctx actor.Context, _ *actor.Started) electionState { return e.look(ctx) }

// look reads who leads, who may lead, and what a candidacy has to expect.
func (e *election) look(ctx actor.Context) electionState {
	e.round++
	ctx.Request(e.outside, messages.Read{Round: e.round, Keys: []messages.Key{messages.KeyLead, messages.KeyTerm, messages.KeyHead}})
	return looking
}

func (e *election) lookFailed(ctx actor.Context, m messages.ReadFailed) electionState {
	if m.Round == e.round {
		e.lookLater(ctx, retryDelay)
	}
	return looking
}

func (e *election) lookLater(ctx actor.Context, after time.Duration) {
	e.looks++
	ctx.Request(e.outside, messages.Remind{After: after, Mail: lookDue{e.looks}})
}

func (e *election) lookAgain(ctx actor.Context, m lookDue) electionState {
	if m.Round != e.looks {
		return e.state
	}
	return e.look(ctx)
}

func (e *election) looked(ctx actor.Context, m messages.ReadDone) electionState {
	if m.Round != e.round {
		return looking
	}
	e.note(ctx, m.Entries[0], m.At)
	e.termAt = max(e.termAt, m.Entries[1].Revision)
	head, _ := m.Entries[2].Record.(partition.Head)
	candidate := partition.MayLead(head, e.worker, e.settings.Candidates)
	switch {
	case e.settings.NeverLead:
	case candidate && !e.watch:
		ctx.Request(e.outside, messages.Watch{Key: messages.KeyLead})
	case !candidate && e.watch:
		ctx.Request(e.outside, messages.Unwatch{Key: messages.KeyLead})
	}
	e.watch = candidate && !e.settings.NeverLead
	slow := 2*e.settings.LeaderLease + e.dice.Jitter("look", uint64(e.looks), e.settings.LeadRenewal())
	e.lookLater(ctx, slow)
	return e.consider(ctx, m.At)
}

// note takes a sight of the lead. An old or equal one restarts no wait.
func (e *election) note(ctx actor.Context, entry messages.Entry, at time.Time) {
	if entry.Revision > e.known.revision || e.told == nil {
		record, _ := entry.Record.(partition.Lead) // what cannot be understood leads nobody
		e.known = sight{record, entry.Revision, at}
	}
	leader := e.known.lead.Worker
	if e.known.free() {
		leader = ""
	}
	e.tell(ctx, leader, at)
}

func (e *election) tell(ctx actor.Context, leader partition.WorkerID, at time.Time) {
	if e.told == nil || *e.told != leader {
		e.told = &leader
		ctx.Request(ctx.Parent(), messages.LeaderKnown{Worker: leader, At: at})
	}
}

// consider decides whether to stand: at once if the lead is free, else when it
// has been unchanged for long enough that nobody believes in it any more.
func (e *election) consider(ctx actor.Context, at time.Time) electionState {
	fallen := !at.Before(e.known.at.Add(e.settings.LeadWait()))
	switch {
	case e.settings.NeverLead:
	case e.known.free(), fallen:
		return e.campaign(ctx)
	case e.watch:
		ctx.Request(e.outside, messages.Remind{From: e.known.at, After: e.settings.LeadWait(), Mail: leadDue{e.known.revision}})
	}
	return watching
}

func (e *election) saw(ctx actor.Context, m messages.Seen) electionState {
	if m.Entry.Revision <= e.known.revision {
		return watching
	}
	e.note(ctx, m.Entry, m.At)
	return e.consider(ctx, m.At)
}

func (e *election) fell(ctx actor.Context, m leadDue) electionState {
	if m.Revision != e.known.revision {
		return watching
	}
	return e.campaign(ctx)
}

func (e *election) quit(ctx actor.Context, _ messages.StandDown) electionState { return e.done(ctx) }

func (e *election) quitLater(_ actor.Context, _ messages.StandDown) electionState {
	e.ending = true
	return e.state
}

func (e *election) done(ctx actor.Context) electionState {
	ctx.Request(ctx.Parent(), messages.StoodDown{})
	return stood
}

// next is what follows when this worker neither leads nor campaigns any more.
func (e *election) next(ctx actor.Context) electionState {
	if e.ending {
		return e.done(ctx)
	}
	return e.look(ctx)
}

func (e *election) rested(ctx actor.Context, _ restDue) electionState { return e.look(ctx) }

// readKeys asks for records, under a new round.
func (e *election) readKeys(ctx actor.Context, keys ...messages.Key) {
	e.round++
	ctx.Request(e.outside, messages.Read{Round: e.round, Keys: slices.Clone(keys)})
}
