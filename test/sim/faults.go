package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Fault is a kind of thing that goes wrong.
type Fault int

// Faults of the network. Their strength is the probability that it hits one
// operation, one sight or one watch.
const (
	// LongDelay: a message is late by about one of the lengths that matter.
	LongDelay Fault = iota
	// LostRequest: an operation never reaches the store.
	LostRequest
	// LostAnswer: an operation is done, or refused, and nobody hears of it.
	LostAnswer
	// Duplicate: an operation reaches the store twice, the second time later. A write that
	// the store has refused does not.
	Duplicate
	// InFlight: the store answers that another fenced write is under way.
	InFlight
	// Conflict: somebody else writes a record again, just before a write that is
	// conditional on it and is refused now. So it is when an administrator saves a
	// record as it is: it says the same, at another revision. No server refuses a
	// condition that holds; that an own write stands in the way of its repetition
	// comes with LostAnswer.
	Conflict
	// StaleGet: a read answers what was there some writes ago.
	StaleGet
	// DroppedSight: a watch leaves a message out.
	DroppedSight
	// DoubledSight: a watch tells a message again, later.
	DoubledSight
	// StaleSight: a watch tells, after a message, an older one of its subject.
	StaleSight
	// EarlySight: a message overtakes others on its way.
	EarlySight
	// StalePass: a watch begins with what there was, or with nothing, and tells what
	// there is later.
	StalePass
	// ClosedWatch: a watch ends as it begins, and says so.
	ClosedWatch
	// SilentWatch: a watch tells nothing from the start, and does not say so.
	SilentWatch

	// Faults of lives. Their strength is how often a minute one happens.

	// Disconnect: a process loses its connection and gets it back.
	Disconnect
	// Partition: nothing passes between a process and the store for a while.
	Partition
	// Isolated: a process is connected to a server that is cut off from the rest:
	// writes get no answer and reads are old, until it reconnects.
	Isolated
	// Crash: a process ends without a word; another one starts.
	Crash
	// LeaderCrash: the process that leads does.
	LeaderCrash
	// Pause: a process is stopped and continued.
	Pause
	// Comeback: a process crashes and starts again with its instance key.
	Comeback
	// Leave: a process stops cleanly; another one joins.
	Leave
	// ServerRestart: the server restarts, with its streams.
	ServerRestart
	// Election: the stream has no leader for a while.
	Election
	// Recreate: the stream is deleted.
	Recreate
	// SourceChange: partitions come and go.
	SourceChange
	// ClockJump: the server's clock jumps ahead.
	ClockJump
	// Expiry: records vanish, as somebody edited how long the stream keeps them.
	Expiry
	// OlderCopy: an older copy takes the stream's place, and is deleted in the end.
	OlderCopy
	// Garbage: somebody writes what is no record over one.
	Garbage
	// Panic: an actor of ours panics, as it would by a bug.
	Panic
	// Full: the stream takes no message more for a while.
	Full
	// Slow: a process takes long for each message that it handles, or all that it sends
	// or hears does, for a while.
	Slow
	// Suspend: the machine of a process stands still, and its clock with it.
	Suspend
	// SourceTrouble: a source fails, is silent or lists nothing for a while, or now and then.
	SourceTrouble
	// StrategyTrouble: a strategy fails, panics, plans nonsense or takes too long, for a
	// while.
	StrategyTrouble
	// TooLarge: the stream, or the server, takes no large message for a while.
	TooLarge
	// Denied: a process may not do something any more, and again after a while.
	Denied
	// LaggingReplica: watches begin, at times, with all that there was a while ago, and
	// are told later what there is.
	LaggingReplica
	// ShortMemory: the store loses the last batches that it has acknowledged, as in a power
	// cut, some of which may have killed who wrote them.
	ShortMemory
	// NoResponders: nobody answers what a process, or everybody, asks of the stream, and
	// whoever asks is told so at once.
	NoResponders
	// FailingHandler: the next handler of a process panics that comes to one of Moments.
	FailingHandler
	// WatchEnds: a watch that runs ends, and says so.
	WatchEnds
	// WatchFades: a watch that runs tells nothing any more, and does not say so, until it is
	// begun again.
	WatchFades

	// Faults of what happens. Their strength is the probability that it hits one message,
	// or one fault of lives.

	// HeavyTail: a message is late by a time with a heavy tail.
	HeavyTail
	// Lasting: a fault of lives lasts longer than all others do.
	Lasting
	// Coincidence: a fault of lives ends at the very instant at which a timer is due that
	// some process has set.
	Coincidence

	// Habits. Their strength is the probability that a process, or a fault of lives, has it.

	// StuckHandler: the handlers of a process never let go.
	StuckHandler
	// Unconfirming: the subscriber of a process never confirms.
	Unconfirming
	// NeverLeading: a process may not lead.
	NeverLeading
	// Twin: who comes back begins beside the former one, which runs or is paused.
	Twin
	// SourceFlaps: a source in trouble is so now and then.
	SourceFlaps
	// SourceEmpty: it lists nothing.
	SourceEmpty
	// StrategyPanic: a strategy in trouble panics.
	StrategyPanic
	// StrategyNonsense: it plans nonsense.
	StrategyNonsense
	// StrategyLate: it plans when it may be too late.
	StrategyLate
	// Poisoned: the handlers of one partition fail, wherever it is, until all faults end.
	Poisoned
	faults
)

// Often reports whether its strength is how often a minute the fault happens.
func (f Fault) Often() bool { return f >= Disconnect && f < HeavyTail }

// Habit reports whether the fault is something that processes, or other faults, are like.
func (f Fault) Habit() bool { return f >= StuckHandler }

var faultNames = [faults]string{
	"long delay", "lost request", "lost answer", "duplicate", "in flight", "conflict", "stale get",
	"dropped sight", "doubled sight", "stale sight", "early sight", "stale pass", "closed watch", "silent watch",
	"disconnect", "partition", "isolated", "crash", "leader crash", "pause", "comeback", "leave",
	"server restart", "election", "recreate", "source change", "clock jump", "expiry", "older copy", "garbage",
	"panic", "store full", "slow node", "suspended", "source trouble", "strategy trouble",
	"too large", "denied", "lagging replica", "short memory", "no responders", "failing handler",
	"watch ends", "watch fades",
	"heavy tail", "lasting", "coincidence",
	"stuck handler", "unconfirming", "never leading", "twin", "source flaps", "source empty",
	"strategy panic", "strategy nonsense", "strategy late", "poisoned",
}

// String returns the name of the fault.
func (f Fault) String() string {
	if f < 0 || f >= faults {
		return fmt.Sprintf("fault %d", int(f))
	}
	return faultNames[f]
}

// Faults say how strong each fault is; the zero value is a world without any.
type Faults [faults]float64

// strengths are those that a random set draws from, up to the named one.
var strengths = Faults{
	LongDelay: 0.03, LostRequest: 0.03, LostAnswer: 0.05, Duplicate: 0.05, InFlight: 0.03, Conflict: 0.05, StaleGet: 0.2,
	DroppedSight: 0.05, DoubledSight: 0.1, StaleSight: 0.1, EarlySight: 0.1, StalePass: 0.1, ClosedWatch: 0.01, SilentWatch: 0.01,
	Disconnect: 3, Partition: 2, Isolated: 1.5, Crash: 1.5, LeaderCrash: 1.5, Pause: 3, Comeback: 1, Leave: 1.5,
	ServerRestart: 1, Election: 2, Recreate: 0.4, SourceChange: 1, ClockJump: 1, Expiry: 0.4, OlderCopy: 0.6, Garbage: 1, Panic: 3,
	Full: 1.5, Slow: 3, Suspend: 2, SourceTrouble: 4, StrategyTrouble: 4, TooLarge: 1.5, Denied: 1.5, LaggingReplica: 12, ShortMemory: 3,
	NoResponders: 2, FailingHandler: 4, WatchEnds: 6, WatchFades: 4, HeavyTail: 0.05, Lasting: 0.3, Coincidence: 0.5,
	StuckHandler: 1. / 8, Unconfirming: 1. / 8, NeverLeading: 1. / 8, Twin: 2. / 5, SourceFlaps: 1. / 2, SourceEmpty: 1. / 3,
	StrategyPanic: 1. / 4, StrategyNonsense: 1. / 4, StrategyLate: 1. / 4, Poisoned: 1,
}

// Strong turns some faults on, each as strong as it gets.
func Strong(list ...Fault) Faults {
	var f Faults
	for _, k := range list {
		f[k] = strengths[k]
	}
	return f
}

// RandomFaults picks at least two kinds of fault, and how strong each is. Panic, and what
// comes after it, is not among them: lives of seeds that are known stay what they are.
func RandomFaults(rng *rand.Rand) Faults {
	var f Faults
	for range 2 + rng.IntN(6) {
		k := Fault(rng.IntN(int(Panic)))
		for f[k] != 0 {
			k = (k + 1) % Panic
		}
		f[k] = strengths[k] * (0.2 + 0.8*rng.Float64())
	}
	return f
}

// String lists the faults that are on.
func (f Faults) String() string {
	var on []string
	for k := range faults {
		if f[k] != 0 {
			on = append(on, fmt.Sprintf("%s %.3g", k, f[k]))
		}
	}
	if len(on) == 0 {
		return "no faults"
	}
	return strings.Join(on, ", ")
}

// Kinds counts the faults that are on.
func (f Faults) Kinds() int {
	n := 0
	for _, strength := range f {
		if strength != 0 {
			n++
		}
	}
	return n
}
