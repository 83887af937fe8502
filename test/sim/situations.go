package sim

// Situation is something that a rule of ownership is for: lives that never meet it
// prove nothing about the rule.
type Situation int

// Situations say how often each was met.
type Situations [situations]int

const (
	// Who leads ends, or does not, and another one begins.
	leadOfDead Situation = iota
	leadOfPaused
	leadOfRunning
	leadWithHandOver
	leadWithUnheard
	leadWithAwaited
	leadWithLeaving
	leadWithAbandoned
	leadWithoutHead
	leadResigned
	deposedPublishes
	campaignsMeet
	othersHandOver
	unheardGoesOn

	// A session ends, and another one begins.
	fencedDead
	fencedPaused
	fencedRunning
	fencedLeaving
	fencedRevoking
	fencedPending
	fencedStuck
	fencedForgotten
	fenceTooLate
	replacedDead
	replacedPaused
	replacedRunning
	claimsMeet
	claimsAnew
	replacedLearns
	backInTime
	backTooLate

	// A session is renewed, or says something.
	renewedInDoubt
	renewedAtEnd
	renewedAfterEnd
	renewedBeforeMissed
	holdsRevoked
	abandons

	// A partition is free.
	freeByAck
	freeByRelease
	freeByReplacement
	freeByAbandonment
	freeByFence
	ownerless
	sourceInHandOver

	// The store is not what it was.
	recreatedInHandOver
	formerIncarnation
	olderCopy
	intoOlderCopy
	markedCopy
	claimInMarkedCopy
	expiredHead
	expiredTerm
	expiredLive
	spoiltHead
	spoiltAssignment
	spoiltLive
	spoiltTerm
	fullForHead
	fullForTerm
	fullForLive
	tooLargeHead
	tooLargeLive
	deniedLead
	deniedLive
	nobodyForHead
	nobodyForTerm
	nobodyForLive
	slowDecides
	slowFenced
	suspendedFenced
	suspendedBesides
	laggingLead
	laggingFence
	lostBatch
	lostGrant
	outrunLead
	watchEnds
	watchFades

	// What a user gave to the group does not do what it should.
	listFails
	listSilent
	listEmpty
	planRefused
	planPanics
	planNonsense
	planLate
	final

	// What a user's handlers do, and is done about them.
	failsAtStart
	failsAtWork
	failsAtRevoke
	failsAtDrain
	failsAtStop
	released

	// An actor panics: one for each of the roles.
	panicked

	situations = panicked + Situation(len(Roles))
)

var situationNames = [panicked]string{
	leadOfDead:        "the lead is taken from one that has ended",
	leadOfPaused:      "the lead is taken from one that is paused",
	leadOfRunning:     "the lead is taken from one that runs",
	leadWithHandOver:  "a leader begins while partitions are handed over",
	leadWithUnheard:   "a leader begins, and the former one did not hear that its batch was accepted",
	leadWithAwaited:   "a leader begins while somebody is awaited who announced a restart",
	leadWithLeaving:   "a leader begins while somebody is about to stop",
	leadWithAbandoned: "a leader begins while something is abandoned",
	leadWithoutHead:   "a leader begins and finds no head, where one was",
	leadResigned:      "a leader that runs on releases its lead",
	deposedPublishes:  "who does not lead any more publishes",
	campaignsMeet:     "two campaign at once",
	othersHandOver:    "a leader finishes what another one began to hand over",
	unheardGoesOn:     "a leader goes on after a batch of which it did not hear that it was accepted",

	fencedDead:      "a session is fenced whose process has ended",
	fencedPaused:    "a session is fenced whose process is paused",
	fencedRunning:   "a session is fenced whose process runs",
	fencedLeaving:   "a session is fenced whose process was about to stop",
	fencedRevoking:  "a session is fenced before it let go what was revoked",
	fencedPending:   "a session is fenced before it got what was promised",
	fencedStuck:     "a session is fenced that renews, and lets nothing go",
	fencedForgotten: "a session is fenced that renews, and that no head names",
	fenceTooLate:    "a fence comes too late: the session was renewed",
	replacedDead:    "a process comes back before its former session was missed",
	replacedPaused:  "a twin replaces the session of one that is paused",
	replacedRunning: "a twin replaces the session of one that runs",
	claimsMeet:      "two claim one ID at once",
	claimsAnew:      "a process claims anew",
	replacedLearns:  "a process learns by a refusal that its session is over",
	backInTime:      "who announced a restart is back in time",
	backTooLate:     "who announced a restart is back too late",

	renewedInDoubt:      "a lease is renewed when its handlers were told to stop",
	renewedAtEnd:        "a lease is renewed within 20 ms of its end",
	renewedAfterEnd:     "a renewal is accepted after the end of the lease",
	renewedBeforeMissed: "a session is renewed when a leader is about to miss it",
	holdsRevoked:        "a worker has applied that something was revoked, and holds it still",
	abandons:            "a worker writes off what does not drain",

	freeByAck:         "a partition is free, as its owner let it go",
	freeByRelease:     "a partition is free, as its session was released",
	freeByReplacement: "a partition is free, as its session was replaced",
	freeByAbandonment: "a partition is free, as it was abandoned for long enough",
	freeByFence:       "a partition is free, as its session was fenced",
	ownerless:         "partitions have no owner, although there are workers",
	sourceInHandOver:  "the source changes while partitions are handed over",

	recreatedInHandOver: "the stream is deleted while partitions are handed over",
	formerIncarnation:   "somebody writes into a stream that was replaced",
	olderCopy:           "an older copy takes the stream's place",
	intoOlderCopy:       "somebody writes into an older copy",
	markedCopy:          "an older copy is marked",
	claimInMarkedCopy:   "somebody who remembers nothing joins in a marked copy",
	expiredHead:         "a head expires",
	expiredTerm:         "a term expires",
	expiredLive:         "a worker's record expires",
	spoiltHead:          "a head is written over",
	spoiltAssignment:    "an assignment is written over",
	spoiltLive:          "a worker's record is written over",
	spoiltTerm:          "a term is written over",
	fullForHead:         "a decision finds the stream full",
	fullForTerm:         "a candidacy finds the stream full",
	fullForLive:         "a worker's record finds the stream full",
	tooLargeHead:        "a decision is too large",
	tooLargeLive:        "a worker's record is too large",
	deniedLead:          "somebody may not lead any more",
	deniedLive:          "a worker may not write its record any more",
	nobodyForHead:       "a decision finds nobody who answers",
	nobodyForTerm:       "a candidacy finds nobody who answers",
	nobodyForLive:       "a worker's record finds nobody who answers",
	slowDecides:         "a slow node decides",
	slowFenced:          "a session is fenced whose node is slow",
	suspendedFenced:     "a session is fenced whose clock stands still",
	suspendedBesides:    "who was suspended goes on with what another one owns",
	laggingLead:         "a leader begins while a replica lags",
	laggingFence:        "a fence comes too late while a replica lags",
	lostBatch:           "the store loses batches that it has acknowledged",
	lostGrant:           "somebody works on what was granted by what the store loses",
	outrunLead:          "a leader begins, and somebody has applied more than the head knows",
	watchEnds:           "a watch that runs ends while partitions are handed over",
	watchFades:          "a watch that runs falls silent while partitions are handed over",

	listFails:    "a leader's source fails",
	listSilent:   "a leader's source does not answer",
	listEmpty:    "a leader's source lists nothing",
	planRefused:  "a leader's strategy does not plan",
	planPanics:   "a leader's strategy panics",
	planNonsense: "a leader's strategy plans nonsense",
	planLate:     "a leader's strategy plans when it may be too late",
	final:        "a worker says that only a restart helps",

	failsAtStart:  "a handler panics when it starts",
	failsAtWork:   "a handler panics at its work",
	failsAtRevoke: "a handler panics when it has to let go",
	failsAtDrain:  "a handler panics when it has drained",
	failsAtStop:   "a handler panics when it stops",
	released:      "a quarantine ends because somebody says so",
}

// String says what the situation is.
func (s Situation) String() string {
	if s >= panicked {
		return "the " + Roles[s-panicked] + " of a process panics"
	}
	return situationNames[s]
}
