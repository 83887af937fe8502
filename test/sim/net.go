package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// Net is what lies between the processes and the store. It makes no
// difference to the processes whether the network or the server is at fault.
type Net struct {
	line  *Timeline
	home  *Lane
	store *Store
	rng   *rand.Rand
	ports []*Port

	struck  Faults                   // how often each has happened
	busy    map[string]time.Duration // by subject: a condition on it is being agreed on
	voting  time.Duration            // the stream has no leader until then
	full    time.Duration            // and no room until then
	narrow  narrow
	alone   time.Duration // and nobody who answers until then
	lagging *replica      // nil if none does

	// Asked counts what processes asked of the store: operations and watches.
	Asked int
	// Faults are those that hit operations, sights and watches from here on.
	Faults Faults
	// Lengths are what long delays are made of.
	Lengths Lengths
	// Lose, if set, says of every publish whether its answer is lost, whatever the
	// faults are.
	Lose func(process string, batch []bridge.Message) bool
	// Refused is told of writes that are refused, and Heard of those that were accepted when
	// their process hears it; nil if nobody listens.
	Refused func(process string, batch []bridge.Message, r bridge.Result)
	Heard   func(process string, batch []bridge.Message)
	// Note is told what went wrong, for the trace; nil if nobody listens.
	Note func(process, what string)
}

// NewNet joins processes to a store. home is the lane in which requests reach
// the server, whatever becomes of the process that sent them.
func NewNet(line *Timeline, home *Lane, store *Store, rng *rand.Rand) *Net {
	return &Net{line: line, home: home, store: store, rng: rng, busy: map[string]time.Duration{}}
}

// Hits rolls the dice for a fault, and notes that it happens.
func (n *Net) Hits(f Fault) bool { return n.hits(f) }

func (n *Net) hits(f Fault) bool {
	if n.Faults[f] == 0 || n.rng.Float64() >= n.Faults[f] {
		return false
	}
	n.Strikes(f)
	return true
}

// Strikes notes that a fault happens, of those that somebody else lets happen.
func (n *Net) Strikes(f Fault) { n.struck[f]++ }

// Struck is how often each fault has happened.
func (n *Net) Struck() Faults { return n.struck }

func (n *Net) note(process, what string) {
	if n.Note != nil {
		n.Note(process, what)
	}
}

// delay is how long a message is under way: a fraction of a millisecond, seldom
// some milliseconds, with LongDelay about one of the lengths, and with HeavyTail anything.
func (n *Net) delay() time.Duration {
	switch {
	case n.hits(LongDelay):
		return n.Lengths.Pick(n.rng)
	case n.hits(HeavyTail):
		return n.Lengths.Tail(n.rng)
	}
	d := 100*time.Microsecond + time.Duration(n.rng.IntN(900))*time.Microsecond
	if n.rng.IntN(50) == 0 {
		d *= time.Duration(2 + n.rng.IntN(20))
	}
	return d
}

// Heal ends all faults, those of single processes too. What is under way stays
// as late as it is.
func (n *Net) Heal() {
	n.Faults, n.full, n.narrow, n.alone = Faults{}, 0, narrow{}, 0
	n.catchUp(n.lagging)
	for _, p := range n.ports {
		p.Heal()
	}
}

// RestartServer restarts the server: all connections break, and watches of
// streams that survive come back late.
func (n *Net) RestartServer(down time.Duration) {
	n.store.Restart()
	for _, p := range n.ports {
		p.Disconnect(down)
	}
}

// Elect leaves the stream without a leader for a while. Nothing is lost.
func (n *Net) Elect(lasts time.Duration) {
	n.note("server", "the stream has no leader for "+lasts.String())
	n.voting = max(n.voting, n.line.Now()+lasts)
}

// Fill leaves the stream without room for a message for a while.
func (n *Net) Fill(lasts time.Duration) {
	n.note("server", "the stream is full for "+lasts.String())
	n.full = max(n.full, n.line.Now()+lasts)
}

// Desert leaves the stream without anybody who answers for a while, and whoever asks is told
// so at once, as where no server knows who leads it, or has JetStream.
func (n *Net) Desert(lasts time.Duration) {
	n.note("server", "nobody answers for "+lasts.String())
	n.alone = max(n.alone, n.line.Now()+lasts)
}

// narrow is that the largest message has so many bytes, until then. edited: this is what
// the stream says, else the server.
type narrow struct {
	most   int
	edited bool
	until  time.Duration
}

var errTooLarge = errors.New("message size exceeds maximum allowed")

// Narrow lets nobody write more than so many bytes at once for a while, as somebody has
// edited the stream, or the server.
func (n *Net) Narrow(most int, edited bool, lasts time.Duration) {
	n.note("server", fmt.Sprintf("no message may have more than %d bytes for %v", most, lasts))
	n.narrow = narrow{most, edited, n.line.Now() + lasts}
}

// takes reports whether the messages of a write are small enough.
func (n *Net) takes(batch []bridge.Message) bool {
	large := func(m bridge.Message) bool { return len(m.Data) > n.narrow.most }
	return n.line.Now() >= n.narrow.until || !slices.ContainsFunc(batch, large)
}

var errFull = errors.New("maximum bytes exceeded")

func (n *Net) leaderless() bool { return n.line.Now() < n.voting }

// heard reports whether somebody hears a request: while there is no leader, some
// vanish with the former one.
func (n *Net) heard() bool { return !n.leaderless() || n.rng.IntN(2) == 0 }

func (n *Net) info(stream string) bridge.StreamInfo {
	if n.leaderless() {
		return bridge.StreamInfo{Result: noQuorum()}
	}
	info := n.store.Info(stream)
	if n.narrow.edited && n.line.Now() < n.narrow.until && info.Result.Outcome == bridge.Accepted {
		info.Config.Odd = fmt.Sprintf("MaxMsgSize is %d", n.narrow.most)
	}
	return info
}

// agreeing is how long replicas agree on a write, less than any answer takes: one
// client that waits for its answers never meets itself.
const agreeing = 100 * time.Microsecond

// publish is what becomes of a write when it arrives.
func (n *Net) publish(p *Port, batch []bridge.Message, sent time.Duration) bridge.Result {
	switch {
	case n.leaderless():
		return nobody()
	case !n.takes(batch):
		r := bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeTooLarge, Err: errTooLarge}
		n.refused(p, batch, r)
		return r
	case n.line.Now() < n.full:
		r := bridge.Result{Outcome: bridge.Unknown, Code: codeNotStored, Err: errFull} // as any fault of the server
		n.refused(p, batch, r)
		return r
	}
	var fences []string
	for _, m := range batch {
		if m.Expect != nil {
			fences = append(fences, m.Expect.Subject)
		}
	}
	now := n.line.Now()
	meets := func(subject string) bool { return now < n.busy[subject] }
	if slices.ContainsFunc(fences, meets) || len(fences) > 0 && n.hits(InFlight) {
		return inFlight()
	}
	if subject, ok := n.readable(p.stream, fences); ok && n.hits(Conflict) {
		n.store.Rewrite(subject)
	}
	r := n.store.Publish(p.lane.Name, sent, batch)
	n.refused(p, batch, r)
	if r.Outcome == bridge.Accepted && n.store.Info(p.stream).Config.Replicas > 1 {
		for _, subject := range fences {
			n.busy[subject] = now + agreeing
		}
	}
	return r
}

// refused tells of a write that was not done.
func (n *Net) refused(p *Port, batch []bridge.Message, r bridge.Result) {
	if r.Outcome != bridge.Accepted && n.Refused != nil {
		n.Refused(p.lane.Name, batch, r)
	}
}

// readable picks one of these subjects that has a record.
func (n *Net) readable(stream string, subjects []string) (subject string, ok bool) {
	if n.Faults[Conflict] == 0 || len(subjects) == 0 {
		return "", false
	}
	subject = subjects[n.rng.IntN(len(subjects))]
	present := n.store.Get(stream, subject, 0)
	_, _, err := bridge.Inspect(subject, present.Data)
	return subject, present.Sequence > 0 && err == nil
}
