package bridge

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// silentBeats is after how many heartbeats that did not come a watch is over. The
	// server forgets a consumer that nobody listens to after the same time, and is
	// not told to: a worker needs no right to delete consumers.
	silentBeats = 3
	// hearOut is how long a watch that is stopped while it is made waits for the answer.
	hearOut = time.Second
	// heartbeat is how often the server says that a watch without news lives.
	heartbeat = 2 * time.Second
	// markerHeader is what a deletion marker of the KV API carries.
	markerHeader = "KV-Operation"
	// stalledHeader names the subject of a flow control that was not answered.
	stalledHeader = "Nats-Consumer-Stalled"
)

var (
	errSilent = errors.New("the server was silent for too long")
	errMissed = errors.New("the watch missed something")
)

// natsWatch is one ephemeral consumer that pushes the newest message of every
// subject, then all that come, to a subscription of its own. What was not taken
// yet is kept per subject, newest only. Its goroutine makes all callbacks.
type natsWatch struct {
	port   *natsPort
	name   string
	filter string
	within time.Duration // in which it must begin
	each   func(Sights)
	gone   func(error)
	cancel func()
	wake   chan struct{}

	calling sync.Mutex // held during a callback
	stopped bool       // no callback starts any more

	mu      sync.Mutex
	waiting map[string]int // by subject: index in news
	news    []Sight
	synced  bool
	told    bool // that it is synced
	credit  bool
	next    uint64 // sequence of the consumer
	first   uint64 // messages of the first pass, known when created
	created bool
	heard   bool  // something, since the goroutine looked
	failure error // why it ends by itself
}

// Watch implements Port.
func (p *natsPort) Watch(filter string, within time.Duration, each func(Sights), gone func(error)) Watching {
	w := &natsWatch{
		port: p, name: rand.Text(), filter: filter, within: within, each: each, gone: gone,
		wake: make(chan struct{}, 1), waiting: map[string]int{}, credit: true, next: 1,
	}
	w.cancel = p.spawn(w.run)
	return w
}

// run is the life of the watch.
func (w *natsWatch) run(ctx context.Context) {
	if ctx.Err() != nil {
		return // stopped before it began
	}
	// Not an inbox for answers: the client takes what comes there for one.
	sub, err := w.port.nc.Subscribe(w.port.nc.NewInbox(), w.take)
	if err != nil {
		w.call(func() { w.gone(err) })
		return
	}
	defer func() { _ = sub.Unsubscribe() }()
	_ = sub.SetPendingLimits(-1, -1) // what waits is kept per subject
	sub.SetClosedHandler(func(string) { w.fail(nats.ErrConnectionClosed) })
	if err := w.create(ctx, sub.Subject); err != nil {
		w.fail(err)
	}
	silence := time.NewTimer(silentBeats * w.port.heartbeat)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-silence.C:
			w.fail(errSilent)
		case <-w.wake:
		}
		sights, due, err := w.look(silence)
		switch {
		case err != nil:
			w.call(func() { w.gone(err) })
			return
		case due:
			w.call(func() { w.each(sights) })
		}
	}
}

// create makes the consumer. A watch that is stopped meanwhile listens until the server
// has answered, for hearOut at most: of one that nobody listens to any more while it is
// made, nats-server 2.15 may hear that before it hears that somebody does, and then never
// forgets it.
func (w *natsWatch) create(stopped context.Context, inbox string) error {
	ctx, cancel := outlasting(stopped, hearOut, shortly(w.within))
	defer cancel()
	var info struct {
		Pending   uint64 `json:"num_pending"`
		Delivered struct {
			Consumer uint64 `json:"consumer_seq"`
		} `json:"delivered"`
	}
	r := w.port.call(ctx, "CONSUMER.CREATE."+w.port.stream+"."+w.name+"."+w.filter, map[string]any{
		"stream_name": w.port.stream,
		"config": jetstream.ConsumerConfig{
			Name: w.name, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, AckPolicy: jetstream.AckNonePolicy,
			FilterSubject: w.filter, DeliverSubject: inbox, FlowControl: true, IdleHeartbeat: w.port.heartbeat,
			InactiveThreshold: silentBeats * w.port.heartbeat, MemoryStorage: true, Replicas: 1,
		},
	}, &info)
	if err := w.port.nc.LastError(); denies(err, "Subscription", inbox) { // said before the answer
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	switch r.Outcome {
	case Accepted:
	case Denied:
		return fmt.Errorf("%w: %w", ErrDenied, r.Err)
	default:
		return r.Err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first, w.created = info.Pending+info.Delivered.Consumer, true
	w.catchUp(false)
	return nil
}

// catchUp notes that the first pass is over: as many messages as waited when the
// consumer was created have come, or the server says that none waits. The lock is
// held.
func (w *natsWatch) catchUp(last bool) {
	w.synced = w.synced || last || w.created && w.next > w.first
	w.poke()
}

// poke lets the goroutine look.
func (w *natsWatch) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take receives one message of the subscription. Flow control is answered when
// what came before has been taken.
func (w *natsWatch) take(m *nats.Msg) {
	w.note(m)
	if m.Header.Get("Status") != "100" {
		return
	}
	if flow := cmp.Or(m.Reply, m.Header.Get(stalledHeader)); flow != "" {
		_ = w.port.nc.Publish(flow, nil)
	}
}

// note keeps what a message says.
func (w *natsWatch) note(m *nats.Msg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = true
	if status := m.Header.Get("Status"); status != "" {
		w.control(m, status)
		return
	}
	meta, err := m.Metadata()
	switch {
	case err != nil:
		w.failed(err)
		return
	case meta.Sequence.Consumer != w.next:
		w.failed(errMissed)
		return
	}
	w.next++
	s := Sight{Subject: m.Subject, Sequence: meta.Sequence.Stream, Time: meta.Timestamp}
	if m.Header.Get(markerHeader) == "" && m.Header.Get(jetstream.MarkerReasonHeader) == "" {
		s.Data = append([]byte{}, m.Data...)
	}
	if at, waits := w.waiting[s.Subject]; waits {
		w.news[at] = s
	} else {
		w.waiting[s.Subject] = len(w.news)
		w.news = append(w.news, s)
	}
	w.catchUp(meta.NumPending == 0)
}

// control notices what was missed, that nothing waits, and the end of the
// consumer. The lock is held.
func (w *natsWatch) control(m *nats.Msg, status string) {
	switch {
	case status != "100":
		w.failed(errors.New(m.Header.Get("Description")))
	case m.Reply != "", m.Header.Get(stalledHeader) != "":
		// flow control: there is more to come
	case m.Header.Get("Nats-Last-Consumer") != strconv.FormatUint(w.next-1, 10):
		w.failed(errMissed)
	default:
		w.catchUp(true)
	}
}

func (w *natsWatch) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed(err)
}

// failed ends the watch by itself. The lock is held.
func (w *natsWatch) failed(err error) {
	if w.failure == nil {
		w.failure = err
	}
	w.poke()
}

// look takes what waits, if it may be told.
func (w *natsWatch) look(silence *time.Timer) (s Sights, due bool, failure error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.heard {
		w.heard = false
		silence.Reset(silentBeats * w.port.heartbeat)
	}
	if w.failure != nil || !w.credit || len(w.news) == 0 && w.synced == w.told {
		return Sights{}, false, w.failure
	}
	// What replaced another one has the other's place.
	slices.SortFunc(w.news, func(a, b Sight) int { return cmp.Compare(a.Sequence, b.Sequence) })
	s = Sights{Messages: w.news, Synced: w.synced}
	w.news, w.waiting, w.credit, w.told = nil, map[string]int{}, false, w.synced
	return s, true, nil
}

// Next implements Watching.
func (w *natsWatch) Next() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.credit = true
	w.poke()
}

// Stop implements Watching. It waits for a callback that runs, and so must not be
// called from one.
func (w *natsWatch) Stop() {
	w.cancel()
	w.calling.Lock()
	defer w.calling.Unlock()
	w.stopped = true
}

func (w *natsWatch) call(f func()) {
	w.calling.Lock()
	defer w.calling.Unlock()
	if !w.stopped {
		f()
	}
}
