// Package actors holds who speaks: every actor of one worker, and the door to
// them, PartitionManager.
//
//	PartitionManager                public states, subscribers, start-up and stop
//	├── outside                     store and clock (package bridge): the only I/O
//	├── session                     claim, lease, heartbeat: writes live.<worker> until a leader fences it
//	├── holder                      this worker's partitions: owned, draining, abandoned
//	│   └── one per owned partition the user's partition actors, if wanted
//	├── election                    candidate or leader: the writer of lead and term
//	│   └── term                    one leadership; all below dies with it
//	│       ├── watcher, poller     two ways to see the workers
//	│       ├── debouncer           many sightings, one WorkersChanged
//	│       ├── calculator          what to change, and when
//	│       └── publisher           hand-over steps, one fenced batch at a time
//	├── keeper                      starts what is below it again when that fails
//	│   └── strategy                the user's, or StrategyFrom
//	├── keeper                      the same
//	│   └── source                  the user's, StaticSource or SourceFrom
//	├── owners                      who owns what, in the whole group
//	├── refresher                   there from the first RefreshPartitions on
//	└── historian                   there from the first GetJournal or Why on
//
// How the mail flows:
//
//	user       ► manager     Subscribe, LetGo, RefreshPartitions, GetOwner, Stop
//	manager    ► user        AssignmentChanged, StateChanged
//	           ► owners      GetOwner
//	           ► refresher   RefreshPartitions
//	           ► historian   Inquiry
//	session    ► manager     SessionStarted, SessionLost
//	           ► holder      HoldFor, HoldUntil, Suspend, DropAll
//	           ► outside     live
//	holder     ► session     Holdings
//	           ► manager     AssignmentApplied
//	           ► partitions  Revoke
//	election   ► manager     LeaderKnown, LeadershipGained
//	           ► term        LeadRenewed
//	           ► outside     lead, term
//	watcher    ► debouncer   Sighted
//	poller     ► debouncer   Sighted
//	debouncer  ► calculator  WorkersChanged
//	           ► publisher   Witnessed
//	calculator ► publisher   HandOver
//	           ► manager     DecisionStarted, DecisionDone
//	           ► keeper      MakePlan, ListPartitions
//	publisher  ► calculator  HandedOver
//	           ► outside     head, asg, journal, live
//	term       ► election    TermFailed
//	keeper     ► strategy    MakePlan
//	           ► source      ListPartitions
//	strategy   ► calculator  PlanMade
//	source     ► calculator  PartitionsListed
//	owners     ► user        Owner
//	refresher  ► user        Refreshed
//	historian  ► user        Journal, Because
//	outside    ► session     live
//	           ► holder      asg
//	           ► election    lead, term, head, live
//	           ► watcher     live
//	           ► poller      live
//	           ► publisher   term, head, asg, live
//	           ► owners      head, asg
//	           ► refresher   head
//	           ► historian   head, asg, live, journal
//
// A term is what runs below it. What concerns the outside is named by the records that
// are written and read.
//
// Each actor is one table (package fsm), in the file of its name; what a large one
// does goes on in files whose names begin with it. The table runs, is searched for
// holes, and is drawn: Diagrams returns the pictures, which docs/machines.md shows. Only
// the actors that answer every question in the same way have none: StrategyFrom,
// SourceFrom and StaticSource. What is decided is decided in package partition; actors
// only sequence it.
//
// # Ordering
//
// Mail of one actor to another arrives in the order it was sent; between two
// senders nothing is promised. So answers carry the round of their question, what
// a leader says carries its term, and the manager drops mail of children that it
// has replaced. A subscriber hears of assignments in order and never backwards.
// Of two partitions that move, none waits for the other; those that do not move
// never pause.
//
// # Failure
//
// Time arrives in the mail, and nobody waits in a handler: what is not answered is
// asked again. An actor of ours that panics stops. A session that fails is lost:
// everything is dropped and another one claims anew; the same happens when the
// holder fails. An election that fails gives its lead up by silence. What a term
// does dies with it. If the manager or the outside fails, all stop, which equals a
// crash: others take over when the lease is over. A user's strategy, source or
// partition actor that fails is started again after a second; one that fails as often as
// PoisonBudget says has its partition left unworked, whoever owns it, for QuarantineFor.
//
// Ownership is exclusive as far as handlers stop when they are told to, or write
// with the token of the partition: a lease cannot stop code that goes on when a
// paused machine does.
//
// # Limits
//
// Mailboxes are unbounded; who sends is limited. One write of a session is under
// way at a time, one publish, one renewal of the lead, one question to strategy
// and source. Ten thousand questions for owners may wait, and as many for a
// refresh. At most 256 partition actors of a worker start at a time, from when they are
// made until they have handled Started; one that takes longer than a second or two counts
// as started. At most 256 are told to stop at a time, unless the lease is in doubt or over;
// one that takes longer than a second or two, or than lets all be told within a tenth of
// their time, does not count any more. Everything else that is kept grows with workers, partitions or
// subscribers, never with time.
package actors
