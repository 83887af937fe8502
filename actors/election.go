package actors

import (
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
// manager begins another election.
type election struct {
	electionConfig
	state electionState
	now   time.Time // the latest instant heard of while it leads

	round   partition.Round     // of the latest question to the store
	looks   partition.Round     // of the next look
	hurried bool                // the next look comes early
	known   partition.LeadSight // the lead as it was seen last
	termAt  partition.Revision  // the term as it was read last
	termOf  partition.SessionID // whose it was; who takes the lead takes both
	watch   bool                // the lead is watched: this worker is a candidate
	seated  bool                // it is one of the few that the head names
	armed   leadDue             // when to stand, unless the lead changes
	told    *partition.WorkerID
	headed  bool         // a head was seen, so that there is one
	unread  messages.Key // a record that only a newer build understands: who has one may lead

	sights
	candidacy
	leadership
	ending bool // StandDown arrived
}

type electionConfig struct {
	settings                          partition.Settings
	outside, holder, strategy, source *actor.PID
	worker                            partition.WorkerID
	session                           partition.SessionID
	dice                              partition.Dice
	grace                             time.Time // nobody is taken for dead before
	// fresh: nobody can be alive who held anything in this group. It is over with
	// the first head that is heard of, and with the first term.
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
	lookDue struct{ Round partition.Round }
	leadDue struct {
		Revision partition.Revision
		At       time.Time
	}
	missDue     struct{ Revision partition.Revision }
	campaignDue struct{ Round partition.Round }
	verifyDue   struct{ Round partition.Round }
	renewDue    struct{ Beat uint64 }
	leadEnd     struct{ End time.Time }
	releaseDue  struct{ Round partition.Round }
	restDue     struct{}
)

var electionTable = fsm.New(
	fsm.On(looking, (*election).begin, looking), // Started
	fsm.On(looking, (*election).looked, looking, watching),
	fsm.On(looking, (*election).lookFailed, looking),
	fsm.On(looking, (*election).lookAgain, looking),
	fsm.On(looking, (*election).quit, stood),

	fsm.On(watching, (*election).saw, watching, looking),
	fsm.On(watching, (*election).fell, watching, campaigning), // leadDue
	fsm.On(watching, (*election).lookAgain, watching, looking),
	fsm.On(watching, (*election).missed, watching), // missDue
	fsm.On(watching, (*election).met, watching),    // ReadDone
	fsm.On(watching, (*election).quit, stood),

	fsm.On(campaigning, (*election).won, campaigning, leading, resigning),
	fsm.On(campaigning, (*election).refused, campaigning, looking, watching, verifying, stood),
	fsm.On(campaigning, (*election).unsure, campaigning, looking, watching, stood),
	fsm.On(campaigning, (*election).rejected, campaigning, looking, watching, stood),
	fsm.On(campaigning, (*election).again, campaigning),

	fsm.On(verifying, (*election).verified, verifying, leading, resigning, looking, watching, stood),
	fsm.On(verifying, (*election).verifyFailed, verifying, looking, watching, stood),
	fsm.On(verifying, (*election).verifyAgain, verifying),

	fsm.On(leading, (*election).renew, leading),
	fsm.On(leading, (*election).renewed, leading, stepping),
	fsm.On(leading, (*election).renewRefused, leading, stepping),
	fsm.On(leading, (*election).renewUnsure, leading),
	fsm.On(leading, (*election).renewRejected, leading),
	fsm.On(leading, (*election).readBack, leading, stepping),
	fsm.On(leading, (*election).readFailed, leading),
	fsm.On(leading, (*election).expired, leading, stepping),
	fsm.On(leading, (*election).termFailed, leading, stepping),
	fsm.On(leading, (*election).termEnded, leading, resigning),
	fsm.On(leading, (*election).sourceChanged, leading),
	fsm.On(leading, (*election).stepDown, stepping),

	fsm.On(stepping, (*election).termEnded, stepping, resigning, looking, resting, stood),

	fsm.On(resigning, (*election).released, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseRefused, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseUnsure, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseRejected, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseRead, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseReadFailed, resigning, looking, resting, stood),
	fsm.On(resigning, (*election).releaseAgain, resigning),

	fsm.On(resting, (*election).rested, looking), // restDue
	fsm.On(resting, (*election).quit, stood),

	fsm.Stay((*election).quitLater, campaigning, verifying, stepping, resigning),                                 // StandDown
	fsm.Stay((*election).give, looking, watching, campaigning, verifying, leading, stepping, resigning, resting), // GiveGrace
	fsm.Stay((*election).hurry, looking, watching),                                                               // Reassigned
	fsm.Stay((*election).glimpse, looking, campaigning, verifying, resigning, resting),                           // Seen

	fsm.Ignore[*election](looking, ofTerms...),
	fsm.Ignore[*election](watching, ofTerms...),
	fsm.Ignore[*election](campaigning, append(ofTerms, messages.Reassigned{})...), // it looks again anyway
	fsm.Ignore[*election](verifying, append(ofTerms, messages.Reassigned{})...),
	fsm.Ignore[*election](leading, messages.Reassigned{}),
	fsm.Ignore[*election](stepping, append(ofTerms, messages.Reassigned{})...),
	fsm.Ignore[*election](resigning, append(ofTerms, messages.Reassigned{})...),
	fsm.Ignore[*election](resting, append(ofTerms, messages.Reassigned{})...),
	fsm.Late[*election, electionState](
		messages.Stored{}, messages.Conflicted{}, messages.Unsure{}, messages.Rejected{},
		messages.ReadDone{}, messages.ReadFailed{}, messages.Seen{}, messages.WatchSynced{},
		lookDue{}, leadDue{}, missDue{}, campaignDue{}, verifyDue{}, renewDue{}, leadEnd{}, releaseDue{}, restDue{},
	),
)

// ofTerms is what only a term says, or wants to hear.
var ofTerms = []any{messages.PartitionsListed{}, messages.TermFailed{}}

func electionProps(cfg electionConfig) *actor.Props {
	return stage.Props(func() actor.Actor {
		return &election{electionConfig: cfg, state: looking, sights: sights{seen: partition.Roster{}}}
	})
}

// Receive implements actor.Actor.
func (e *election) Receive(ctx actor.Context) { electionTable.Receive(ctx, e, &e.state, nil) }

func (e *election) begin(ctx actor.Context, _ *actor.Started) electionState { return e.look(ctx) }

func (e *election) quit(ctx actor.Context, _ messages.StandDown) electionState { return e.done(ctx) }

// quitLater: what is under way comes to its end first.
func (e *election) quitLater(_ actor.Context, _ messages.StandDown) { e.ending = true }

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

// readKeys asks for records, under a new round.
func (e *election) readKeys(ctx actor.Context, keys ...messages.Key) {
	e.round++
	ctx.Request(e.outside, messages.Read{Round: e.round, Keys: keys})
}

func (e *election) hear(at time.Time) { e.now = later(e.now, at) }
