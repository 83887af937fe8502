package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// session is one life of one claim. It owns the record live.<worker>: claim,
// lease, heartbeat and acknowledgement in one. It hears the store's answers and
// the holder's holdings, and tells manager and holder when the lease begins, is
// in doubt, renewed or over. It is never restarted: a panic, a lost lease or
// another session in its record ends it, and the manager starts a new one.
type session struct {
	sessionConfig
	state sessionState
	claim claim

	worker  partition.WorkerID
	record  partition.Live // what is to be written next
	flying  partition.Live // what the latest write says
	lease   partition.Lease
	round   partition.Round    // of the latest question to the store
	asked   partition.Round    // of the latest question to the holder
	beats   partition.Round    // of the next heartbeat
	named   partition.Revision // by the latest refusal
	writing bool               // a write or its read-back is under way
	dirty   bool               // there is news since it was sent
	flush   bool               // a flush is due
	ending  bool               // EndSession arrived before there was an ID
	tries   int                // of the release that were rejected
	checks  bool               // it is read whether the record is still this session's
	trouble string             // why the latest heartbeat was not accepted
	pledged *messages.SetFlags // flags that the store does not have yet
	carried *messages.SetFlags // those in the write under way
}

// sessionConfig is what a session is born with.
type sessionConfig struct {
	settings partition.Settings
	outside  *actor.PID
	holder   *actor.PID
	nonce    partition.SessionID
	life     partition.Round // higher in each session of the process
	dice     partition.Dice
	// lost are the IDs in which this process was replaced.
	lost []partition.WorkerID
	// flags are those of the former session that still hold.
	flags messages.SetFlags
}

type sessionState string

const (
	scanning   sessionState = "scanning"   // waiting for the records of all workers
	claiming   sessionState = "claiming"   // waiting for the answer to a claim
	confirming sessionState = "confirming" // waiting for a read after a claim in doubt
	living     sessionState = "living"     // waiting for the next heartbeat
	suspected  sessionState = "suspected"  // waiting for a renewal or the lease's end
	releasing  sessionState = "releasing"  // waiting for the answer to the release
	over       sessionState = "over"       // waiting to be stopped
)

const (
	// ackDelay is how long news of the holder are gathered before one write.
	ackDelay = 5 * time.Millisecond
	// retryDelay is how long to wait before the store is asked again.
	retryDelay = 100 * time.Millisecond
)

// Reminders of a session to itself.
type (
	scanDue    struct{ Round partition.Round }
	claimDue   struct{ Round partition.Round }
	readDue    struct{ Round partition.Round }
	beatDue    struct{ Round partition.Round }
	flushDue   struct{}
	suspectDue struct{ End time.Time }
	leaseDue   struct{ End time.Time }
)

var sessionTable = fsm.New(
	fsm.On(scanning, (*session).scan, scanning), // Started
	fsm.On(scanning, (*session).rescan, scanning),
	fsm.On(scanning, (*session).scanned, scanning, claiming),
	fsm.On(scanning, (*session).scanFailed, scanning),
	fsm.On(scanning, (*session).quit, over),

	fsm.On(claiming, (*session).claimed, claiming, living, releasing, over), // Stored
	fsm.On(claiming, (*session).claimRefused, claiming, confirming, scanning, over),
	fsm.On(claiming, (*session).claimUnsure, claiming),
	fsm.On(claiming, (*session).claimRejected, claiming, scanning, over),
	fsm.On(claiming, (*session).claimAgain, claiming),

	fsm.On(confirming, (*session).claimRead, confirming, claiming, scanning, living, releasing, over),
	fsm.On(confirming, (*session).claimReadFailed, confirming),
	fsm.On(confirming, (*session).confirmAgain, confirming),

	fsm.On(living, (*session).stored, living, over),
	fsm.On(living, (*session).refused, living, over),
	fsm.On(living, (*session).readBack, living, over),
	fsm.On(living, (*session).suspect, living, suspected),
	fsm.On(living, (*session).expire, living, over),
	fsm.On(living, (*session).release, releasing),

	fsm.On(suspected, (*session).stored, suspected, living, over),
	fsm.On(suspected, (*session).refused, suspected, over),
	fsm.On(suspected, (*session).readBack, suspected, living, over),
	fsm.On(suspected, (*session).expire, suspected, over),
	fsm.On(suspected, (*session).release, releasing),

	fsm.On(releasing, (*session).lastWord, releasing, over), // Holdings
	fsm.On(releasing, (*session).stored, releasing, over),
	fsm.On(releasing, (*session).refused, releasing, over),
	fsm.On(releasing, (*session).readBack, releasing, over),
	fsm.On(releasing, (*session).releaseRejected, releasing, over),
	fsm.On(releasing, (*session).releaseReadFailed, releasing, over),
	fsm.On(releasing, (*session).expire, releasing, over),

	fsm.Stay((*session).beat, living, suspected, releasing),
	fsm.Stay((*session).hold, living, suspected), // Holdings
	fsm.Stay((*session).write, living, suspected, releasing),
	fsm.Stay((*session).unsure, living, suspected, releasing),
	fsm.Stay((*session).rejected, living, suspected),
	fsm.Stay((*session).readFailed, living, suspected),
	fsm.Stay((*session).readAgain, living, suspected, releasing),
	fsm.Stay((*session).setFlags, living, suspected),
	fsm.Stay((*session).quitLater, claiming, confirming),           // EndSession
	fsm.Stay((*session).keepFlags, scanning, claiming, confirming), // SetFlags
	fsm.Ignore[*session](releasing, messages.SetFlags{}, messages.EndSession{}),
	fsm.Ignore[*session](scanning, messages.Holdings{}), // of a session before
	fsm.Ignore[*session](claiming, messages.Holdings{}),
	fsm.Ignore[*session](confirming, messages.Holdings{}),

	fsm.Late[*session, sessionState](
		messages.Stored{}, messages.Conflicted{}, messages.Unsure{}, messages.Rejected{}, messages.ReadDone{}, messages.ReadFailed{},
		scanDue{}, claimDue{}, readDue{}, beatDue{}, flushDue{}, suspectDue{}, leaseDue{},
	),
)

func sessionProps(cfg sessionConfig) *actor.Props {
	return stage.Props(func() actor.Actor {
		return &session{sessionConfig: cfg, state: scanning}
	})
}

// Receive implements actor.Actor.
func (s *session) Receive(ctx actor.Context) { sessionTable.Receive(ctx, s, &s.state, nil) }

// tell gives the manager news. It carries the sender, because the manager does
// not listen any more to a session that it has replaced.
func (s *session) tell(ctx actor.Context, news any) { ctx.Request(ctx.Parent(), news) }

// remind asks to be reminded after a while.
func (s *session) remind(ctx actor.Context, after time.Duration, mail any) {
	ctx.Request(s.outside, messages.Remind{After: after, Mail: mail})
}
