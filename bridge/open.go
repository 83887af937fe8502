package bridge

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// oldestServer is the first nats-server of which atomic batches can be trusted.
const oldestServer = "2.12.3"

// Waits between attempts to open the stream or to begin a watch again.
const (
	leastBackoff = 100 * time.Millisecond
	mostBackoff  = 30 * time.Second
)

// longest is the wait before an attempt that follows so many failures, without jitter.
func longest(failures uint64) time.Duration { return min(leastBackoff<<min(failures, 10), mostBackoff) }

// phase says what is known of the stream.
type phase string

const (
	closed phase = "closed" // waiting to hear whether there is a stream
	open   phase = "open"   // there is, of this incarnation
	failed phase = "failed" // it will not be tried again
)

// stream is what the outside knows of the group's stream.
type stream struct {
	phase       phase
	incarnation string
	prefix      string
	opened      bool // there was one before: the store is not fresh any more
	// newest is the highest revision seen in this incarnation, and burnt an
	// incarnation that went back below what had been seen: it is not opened again. why is
	// the proof, if there is one.
	newest uint64
	burnt  string
	why    string
	mark   marking
	head   partition.Head // step and nonce of the latest that was seen in it
	asking bool           // a question about the stream is under way
	asked  uint64         // newest when it was asked
	try    uint64
	number uint64    // of the question, among all operations
	gone   time.Time // since when every answer says that there is none
	fails  uint64    // attempts to open it in a row that failed
	cancel func()
	told   string // the reason that the parent was told last
}

type (
	infoDone struct {
		try  uint64
		info StreamInfo
	}
	infoLate   struct{ try uint64 }
	createDone struct {
		try         uint64
		result      Result
		incarnation string
	}
	openAgain struct{ try uint64 }
	signalled struct{ signal Signal }
)

// look asks the server about the stream, unless that is under way.
func (o *outside) look(try uint64) {
	if o.stream.asking || try != o.stream.try || o.stream.phase == failed {
		return
	}
	o.stream.asking, o.stream.asked = true, o.stream.newest
	o.stream.try++
	try = o.stream.try
	o.stream.number = o.number()
	o.stream.cancel = o.port.Info(o.times.StoreTimeout, func(i StreamInfo) { o.send(infoDone{try, i}) })
	o.after(o.times.StoreTimeout, infoLate{try})
}

func (o *outside) infoTimedOut(ctx actor.Context, m infoLate) {
	if !o.stream.asking || m.try != o.stream.try {
		return
	}
	o.stream.cancel()
	o.informed(ctx, infoDone{m.try, StreamInfo{Result: Result{Outcome: Unknown, Err: errLate}}})
}

var errLate = errors.New("no answer in time")

func (o *outside) informed(ctx actor.Context, m infoDone) {
	if !o.stream.asking || m.try != o.stream.try {
		return
	}
	o.stream.asking, o.stream.cancel = false, nil
	r := m.info.Result
	o.counts.ended(ofStream, r)
	o.lateHere(o.stream.number, r)
	gone := r.Outcome == Refused && r.Code == CodeStreamNotFound
	early := o.missing(gone)
	switch {
	case o.stream.phase == failed:
	case o.stream.phase == open:
		o.compare(ctx, m.info, gone)
	case r.Outcome == Denied:
		o.deny(ctx, fmt.Sprintf("the stream %s may not be looked at", streamName(o.cfg.Group)), r.Err)
	case r.Outcome == Refused && r.Code == CodeNoJetStream:
		o.fail(ctx, "JetStream is not enabled on the server or for this account", false)
	case r.Outcome != Accepted && !gone:
		o.fail(ctx, fmt.Sprintf("the stream cannot be looked at: %v", r.Err), false)
	case tooOld(m.info.Server):
		o.fail(ctx, fmt.Sprintf("nats-server is %s; must be %s or later", printable(m.info.Server), oldestServer), true)
	case gone && o.cfg.BindOnly:
		o.fail(ctx, fmt.Sprintf("there is no stream %s, and BindOnly creates none", streamName(o.cfg.Group)), false)
	case early > 0:
		o.after(early, openAgain{o.stream.try})
	case gone:
		o.create()
	default:
		if o.older(m.info) {
			o.stream.burnt, o.stream.why = m.info.Config.Incarnation, o.shortOf(m.info)
		}
		o.bind(ctx, m.info.Config)
	}
}

// missing notes whether there is no stream, and returns for how long one that was open has to
// be missing yet before it is made anew.
func (o *outside) missing(gone bool) time.Duration {
	s, now := &o.stream, o.clock.Now()
	switch {
	case !gone:
		s.gone = time.Time{}
	case s.gone.IsZero():
		s.gone = now
	}
	if !gone || !s.opened {
		return 0
	}
	return s.gone.Add(partition.RecreateDelay).Sub(now)
}

// create makes the stream under a nonce of our own. Whoever is first decides.
func (o *outside) create() {
	o.rolls++
	nonce := o.dice.Nonce("incarnation", o.rolls)
	cfg := o.cfg.stream(nonce)
	o.stream.asking = true
	o.stream.try++
	try := o.stream.try
	within := max(o.times.StoreTimeout, leastCreate)
	o.stream.cancel = o.port.Submit(Op{Create: &cfg}, within, func(r Result) { o.send(createDone{try, r, nonce}) })
	o.after(within, infoLate{try})
}

// leastCreate is what the creation of a stream may take: a replicated one elects
// a leader first.
const leastCreate = 2 * time.Second

func (o *outside) created(ctx actor.Context, m createDone) {
	if !o.stream.asking || m.try != o.stream.try || o.stream.phase != closed {
		return
	}
	o.stream.asking, o.stream.cancel = false, nil
	o.counts.ended(ofStream, m.result)
	switch {
	case m.result.Outcome == Accepted:
		o.bind(ctx, o.cfg.stream(m.incarnation))
	case m.result.Outcome == Refused && m.result.Code == CodeStreamExists:
		o.look(o.stream.try) // somebody was faster: theirs counts
	case m.result.Outcome == Denied:
		o.deny(ctx, fmt.Sprintf("the stream %s may not be created", streamName(o.cfg.Group)), m.result.Err)
	default:
		o.fail(ctx, fmt.Sprintf("the stream %s was not created: %v", streamName(o.cfg.Group), m.result.Err), false)
	}
}

// bind takes a stream that exists, if it is what it has to be.
func (o *outside) bind(ctx actor.Context, got StreamConfig) {
	if err := o.cfg.fits(got); err != nil {
		o.fail(ctx, err.Error(), !o.stream.opened) // one that was edited may be edited back
		return
	}
	if got.Incarnation == o.stream.burnt {
		o.fail(ctx, "the stream went back to an older copy: it has to be deleted and made anew", false)
		o.mark(got.Incarnation)
		return
	}
	o.endMark()
	s := &o.stream
	if got.Incarnation != s.incarnation {
		s.newest, s.head = 0, partition.Head{}
	}
	s.phase, s.incarnation, s.prefix = open, got.Incarnation, subjectPrefix(o.cfg.Group, got.Incarnation)
	s.told, s.fails, s.gone = "", 0, time.Time{}
	o.rolls++
	fresh := o.cfg.Fresh && !s.opened
	s.opened = true
	o.log.Info("the store is open", "incarnation", s.incarnation)
	ctx.Send(o.parent, messages.StoreOpened{
		Incarnation: s.incarnation, Entropy: o.dice.Dealt("store", o.rolls).Entropy, Fresh: fresh, At: o.clock.Now(),
	})
}

// deny is the end by a denial, of which the end of the connection is one.
func (o *outside) deny(ctx actor.Context, what string, err error) {
	if errors.Is(err, errClosed) {
		o.signal(ctx, Closed)
		return
	}
	o.fail(ctx, what+": "+reason(Result{Err: err}), true)
}

// fail tells why there is no store, and tries again unless that is final. Then
// what was open is lost: nothing that rests on it can be kept up.
func (o *outside) fail(ctx actor.Context, reason string, final bool) {
	if o.stream.phase == failed {
		return
	}
	if final {
		if o.stream.phase == open {
			o.lose(ctx, reason, false)
		}
		o.stream.phase = failed
	} else {
		o.stream.fails++
		o.after(o.backoff(o.stream.fails), openAgain{o.stream.try})
	}
	if reason == o.stream.told && !final {
		return
	}
	o.stream.told = reason
	o.log.Warn("the store cannot be used", "reason", reason, "final", final)
	ctx.Send(o.parent, messages.StoreFailed{Reason: reason, Final: final, At: o.clock.Now()})
}

// backoff is a wait with jitter that grows with the number of attempts.
func (o *outside) backoff(try uint64) time.Duration {
	o.rolls++
	most := longest(try)
	return most/2 + o.dice.Jitter("backoff", o.rolls, most/2)
}

// signal is a change of the connection. After a reconnect watches may be deaf,
// and the stream may be another one.
func (o *outside) signal(ctx actor.Context, s Signal) {
	switch s {
	case Disconnected: // operations tell it, by their outcome
	case Reconnected:
		o.ops.lateInRow, o.ops.moved = 0, o.count // also if another who shares the connection left the server
		o.watches.restartAll(o)
		if o.stream.phase == open {
			o.check()
		} else {
			o.look(o.stream.try)
		}
	case Closed:
		o.fail(ctx, o.port.Ended().Error(), true)
	}
}

// tooOld compares versions of the form 2.12.3; what has another form passes.
func tooOld(version string) bool {
	is, must := numbers(version), numbers(oldestServer)
	if is == nil {
		return false
	}
	for i := range must {
		if is[i] != must[i] {
			return is[i] < must[i]
		}
	}
	return false
}

func numbers(version string) []int {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "-")
	parts := strings.Split(version, ".")
	if len(parts) != 3 {
		return nil
	}
	out := make([]int, 3)
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil
		}
		out[i] = n
	}
	return out
}
