package bridge

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// heartbeat is how often the server says that a watch with no news lives.
	heartbeat = 2 * time.Second
	// inactive is when the server forgets a watch that nobody listens to.
	inactive = 30 * time.Second
	// markerHeader is what a deletion marker of the KV API carries.
	markerHeader = "KV-Operation"
)

// natsWatch is one ephemeral consumer that pushes the newest message of every
// subject, then all that come, to a subscription of its own. What was not taken
// yet is kept per subject, newest only.
type natsWatch struct {
	port *natsPort
	name string
	sub  *nats.Subscription
	each func(Sights)
	gone func(error)
	stop context.CancelFunc

	mu      sync.Mutex
	waiting map[string]int // by subject: index in news
	news    []Sight
	synced  bool
	credit  bool
	told    bool // that it is synced
	next    uint64
	first   uint64 // messages of the first pass, known when created
	created bool
	beat    *time.Timer
	ended   bool
}

// Watch implements Port.
func (p *natsPort) Watch(filter string, each func(Sights), gone func(error)) Watching {
	w := &natsWatch{port: p, name: rand.Text(), each: each, gone: gone, waiting: map[string]int{}, credit: true, next: 1}
	w.beat = time.AfterFunc(3*heartbeat, func() { w.end(errors.New("the server was silent for too long")) })
	w.mu.Lock()
	w.stop = p.run(p.timeout, func(ctx context.Context) { w.begin(ctx, filter) })
	w.mu.Unlock()
	return w
}

// begin subscribes and creates the consumer. It ends with that; mail then comes
// on the goroutine of the subscription.
func (w *natsWatch) begin(ctx context.Context, filter string) {
	// Not an inbox for answers: the client takes what comes there for one.
	inbox := w.port.nc.NewInbox()
	sub, err := w.port.nc.Subscribe(inbox, w.take)
	if err != nil {
		w.end(err)
		return
	}
	_ = sub.SetPendingLimits(-1, -1) // what waits is kept per subject
	w.mu.Lock()
	w.sub = sub
	ended := w.ended
	w.mu.Unlock()
	if ended {
		_ = sub.Unsubscribe()
		return
	}
	var info struct {
		Pending   uint64 `json:"num_pending"`
		Delivered struct {
			Consumer uint64 `json:"consumer_seq"`
		} `json:"delivered"`
	}
	r := w.port.call(ctx, "CONSUMER.CREATE."+w.port.stream+"."+w.name+"."+filter, map[string]any{
		"stream_name": w.port.stream,
		"config": jetstream.ConsumerConfig{
			Name: w.name, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, AckPolicy: jetstream.AckNonePolicy,
			FilterSubject: filter, DeliverSubject: inbox, FlowControl: true, IdleHeartbeat: heartbeat,
			InactiveThreshold: inactive, MemoryStorage: true, Replicas: 1,
		},
	}, &info)
	if r.Outcome != Accepted {
		w.end(r.Err)
		return
	}
	w.mu.Lock()
	w.first, w.created = info.Pending+info.Delivered.Consumer, true
	w.catchUp(false)
	w.tell()
}

// catchUp notes that the first pass is over: all that waited when the consumer
// was created has come, or the server says that nothing waits. The lock is held.
func (w *natsWatch) catchUp(last bool) {
	w.synced = w.synced || last || w.created && w.next > w.first
}

// take receives one message of the subscription.
func (w *natsWatch) take(m *nats.Msg) {
	w.beat.Reset(3 * heartbeat)
	if status := m.Header.Get("Status"); status != "" {
		w.control(m, status)
		return
	}
	meta, err := m.Metadata()
	if err != nil {
		w.end(err)
		return
	}
	s := Sight{Subject: m.Subject, Sequence: meta.Sequence.Stream, Data: m.Data, Time: meta.Timestamp}
	switch {
	case m.Header.Get(markerHeader) != "":
		s.Data = nil
	case s.Data == nil:
		s.Data = []byte{}
	}
	w.mu.Lock()
	if meta.Sequence.Consumer != w.next {
		w.mu.Unlock()
		w.end(errors.New("the watch missed something"))
		return
	}
	w.next++
	if at, waits := w.waiting[s.Subject]; waits {
		w.news[at] = s
	} else {
		w.waiting[s.Subject] = len(w.news)
		w.news = append(w.news, s)
	}
	w.catchUp(meta.NumPending == 0)
	w.tell()
}

// control answers flow control, and notices the end of the consumer.
func (w *natsWatch) control(m *nats.Msg, status string) {
	switch {
	case m.Reply != "":
		_ = m.Respond(nil)
	case status == "100":
		if stalled := m.Header.Get("Nats-Consumer-Stalled"); stalled != "" {
			_ = w.port.nc.Publish(stalled, nil)
		}
	default:
		w.end(errors.New(m.Header.Get("Description")))
	}
}

// tell hands over what waits, if it may. It unlocks.
func (w *natsWatch) tell() {
	if !w.credit || w.ended || len(w.news) == 0 && w.synced == w.told {
		w.mu.Unlock()
		return
	}
	s := Sights{Messages: w.news, Synced: w.synced}
	w.news, w.waiting, w.credit, w.told = nil, map[string]int{}, false, w.synced
	w.mu.Unlock()
	w.each(s)
}

// Next implements Watching.
func (w *natsWatch) Next() {
	w.mu.Lock()
	w.credit = true
	w.tell()
}

// end ends the watch by itself.
func (w *natsWatch) end(err error) {
	if w.finish() {
		w.gone(err)
	}
}

// Stop implements Watching. A callback that runs at this moment may still do so.
func (w *natsWatch) Stop() { w.finish() }

// finish frees what the watch holds, once. The server is told, and need not
// answer: it forgets the consumer by itself a little later.
func (w *natsWatch) finish() bool {
	w.mu.Lock()
	if w.ended {
		w.mu.Unlock()
		return false
	}
	w.ended = true
	sub, stop := w.sub, w.stop
	w.mu.Unlock()
	stop()
	w.beat.Stop()
	if sub != nil {
		_ = sub.Unsubscribe()
	}
	if w.port.nc.IsConnected() {
		_ = w.port.nc.Publish(apiPrefix+"CONSUMER.DELETE."+w.port.stream+"."+w.name, nil)
	}
	return true
}
