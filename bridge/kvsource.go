package bridge

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// KVSource returns a source, for actors.Config.Source, that lists the keys of a NATS
// KV bucket over a connection that the caller owns. A key is a partition: orders.eu
// is the one with the keys orders and eu. The value is empty, or has fields as in
// FileSource, in YAML or JSON, such as {"weight": 200}; the field keys is for names
// that a KV key cannot have. A value that is not so is a fault that names the key,
// and the last list stays.
//
// The bucket is watched. Deleting a key removes the partition; a watch that ends, a
// connection that breaks and a bucket that is made anew remove none. Whenever the
// source is asked it makes sure that it knows all that is stored. The bucket is not
// made here, and may come into being later. Besides the watch, the connection must
// be allowed to ask $JS.API.STREAM.INFO.KV_<bucket>.
func KVSource(nc *nats.Conn, bucket string) (*actor.Props, error) {
	strange := func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	switch {
	case nc == nil:
		return nil, errors.New("bridge.KVSource: nc is nil; must be a connection")
	case bucket == "" || strings.ContainsFunc(bucket, strange):
		return nil, fmt.Errorf("bridge.KVSource: bucket is %q; must be characters out of A-Z, a-z, 0-9, _ and -", bucket)
	}
	port := newNATSPort(nc, bucket)
	return actor.PropsFromProducer(func() actor.Actor {
		return &kvSource{port: port, within: partition.Default().StoreTimeout, clock: RealClock{}, bucket: bucket}
	}), nil
}

// kvSource owns what the bucket has. It hears questions, and the watch; it answers
// when it knows all that was stored when it was asked, and tells its parent what
// changes. Started anew, it reads again.
type kvSource struct {
	port   *natsPort
	within time.Duration // what a question may take
	clock  Clock
	bucket string
	send   func(any)
	parent *actor.PID
	reply  func(to *actor.PID, mail any)
	deaf   func() // ends listening to the connection

	watch   Watching // nil if there is none
	life    uint64   // of the watch
	tries   uint64   // to begin one, in a row
	created time.Time
	keys    map[string]kvKey // nil before the first pass is complete
	pass    map[string]kvKey // of the pass under way, nil if there is none
	upTo    uint64           // all that was stored up to here is in keys, or in pass
	behind  bool             // the bucket had more when it was asked last

	asking bool   // about the bucket
	looks  uint64 // counts that
	cancel func() // ends it
	timer  func() // of the next look
	fault  string // why nothing can be known, for good
	asked  []kvAsk
}

// kvAsk is a question. It is answered by that look, which is later than it, or by a
// later one.
type kvAsk struct {
	listing
	look uint64
}

// kvKey is a key as it was seen: a partition, a fault, or the marker of a deletion.
type kvKey struct {
	sequence uint64
	gone     bool
	is       partition.Partition
	fault    error
}

// Mail of a kvSource to itself.
type (
	kvSaw struct {
		life   uint64
		sights Sights
	}
	kvGone struct {
		life uint64
		err  error
	}
	kvLooked struct {
		look  uint64
		state bucketState
	}
	kvAgain  struct{}
	kvSignal struct{ signal Signal }
)

// catchUp is what a watch gets to tell what is stored already.
const catchUp = 200 * time.Millisecond

// Receive implements actor.Actor.
func (k *kvSource) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		k.begin(ctx)
	case *actor.Stopping, *actor.Restarting:
		k.end()
	case messages.ListPartitions:
		if ctx.Sender() != nil {
			k.asked = append(k.asked, kvAsk{listing{ctx.Sender(), m.Round}, k.looks + 1})
			k.look()
		}
	case messages.UpdatePartitions:
		if ctx.Sender() != nil {
			ctx.Respond(messages.UpdateRefused{Reason: "this source lists the keys of the bucket " + k.bucket + ": change those"})
		}
	case kvSaw:
		k.saw(m)
	case kvGone:
		k.ended(m)
	case kvLooked:
		k.looked(m)
	case kvAgain:
		k.look()
	case kvSignal:
		k.signal(m.signal)
	}
}

func (k *kvSource) begin(ctx actor.Context) {
	root, self := ctx.ActorSystem().Root, ctx.Self()
	k.send = func(m any) { root.Send(self, m) }
	k.reply, k.parent = func(to *actor.PID, m any) { root.Send(to, m) }, ctx.Parent()
	k.deaf = k.port.Listen(func(s Signal) { k.send(kvSignal{s}) })
	k.look()
}

// end ends everything that would outlive the actor.
func (k *kvSource) end() {
	if k.deaf != nil {
		k.deaf()
	}
	if k.cancel != nil {
		k.cancel()
	}
	if k.timer != nil {
		k.timer()
	}
	k.unwatch()
}

func (k *kvSource) unwatch() {
	k.life++
	if k.watch != nil {
		k.watch.Stop()
		k.watch = nil
	}
	k.pass = nil
}

// look asks what the bucket is and has, unless that is under way.
func (k *kvSource) look() {
	if k.fault != "" {
		k.fail(k.fault)
		return
	}
	if k.asking {
		return
	}
	k.asking = true
	k.looks++
	look := k.looks
	k.cancel = k.port.bucket(k.within, func(s bucketState) { k.send(kvLooked{look, s}) })
}

// again looks once more after a while, at the latest when it is asked.
func (k *kvSource) again(after time.Duration) {
	if k.timer != nil {
		k.timer()
	}
	k.timer = k.clock.AfterFunc(after, func() { k.send(kvAgain{}) })
}

func (k *kvSource) retry(reason string) {
	k.tries++
	k.fail(reason)
	k.again(longest(k.tries))
}

// looked compares the bucket with what is known of it.
func (k *kvSource) looked(m kvLooked) {
	if m.look != k.looks {
		return
	}
	k.asking, k.cancel = false, nil
	r := m.state.Result
	switch {
	case r.Outcome == Refused && r.Code == CodeStreamNotFound:
		k.unwatch()
		k.retry("there is no KV bucket " + k.bucket)
	case r.Outcome == Denied:
		k.retry(fmt.Sprintf("the KV bucket %s may not be looked at: %v", k.bucket, r.Err))
	case r.Outcome != Accepted:
		k.retry(fmt.Sprintf("the KV bucket %s cannot be looked at: %v", k.bucket, r.Err))
	case k.watch == nil || !k.created.Equal(m.state.created):
		k.read(m.state)
	case k.pass != nil: // all is read, and looked at again then
	case m.state.last <= k.upTo && m.state.subjects == len(k.keys):
		k.behind = false
		k.answer(m.look)
	case !k.behind: // perhaps it is on its way
		k.behind = true
		k.again(catchUp)
	default: // it was missed, or went without a word, as what expires does
		k.read(m.state)
	}
}

// read begins a watch, which tells all that there is first.
func (k *kvSource) read(s bucketState) {
	k.unwatch()
	k.created, k.behind, k.pass, k.upTo = s.created, false, map[string]kvKey{}, s.last
	life := k.life
	k.watch = k.port.Watch(k.prefix()+">", k.within,
		func(s Sights) { k.send(kvSaw{life, s}) },
		func(err error) { k.send(kvGone{life, err}) })
}

func (k *kvSource) prefix() string { return "$KV." + k.bucket + "." }

func (k *kvSource) saw(m kvSaw) {
	if m.life != k.life || k.watch == nil {
		return
	}
	into := k.keys
	if k.pass != nil {
		into = k.pass
	}
	for _, s := range m.sights.Messages {
		into[s.Subject] = k.key(s)
		k.upTo = max(k.upTo, s.Sequence)
	}
	news := k.pass == nil && len(m.sights.Messages) > 0
	if k.pass != nil && m.sights.Synced {
		same := func(a, b kvKey) bool { return a.sequence == b.sequence }
		news = k.keys != nil && !maps.EqualFunc(k.keys, k.pass, same)
		k.keys, k.pass, k.tries = k.pass, nil, 0
	}
	if news {
		list, _ := k.list()
		k.reply(k.parent, messages.PartitionsListed{Partitions: list})
	}
	if k.pass == nil && len(k.asked) > 0 {
		k.look()
	}
	k.watch.Next()
}

// ended: a watch that is gone says nothing about what exists. Whoever asked is told
// only when it is not begun again at once.
func (k *kvSource) ended(m kvGone) {
	if m.life != k.life {
		return
	}
	k.unwatch()
	if k.tries == 0 && !errors.Is(m.err, ErrDenied) {
		k.tries++
		k.look()
		return
	}
	k.retry(fmt.Sprintf("the KV bucket %s cannot be watched: %v", k.bucket, m.err))
}

// signal: after a reconnect the watch may be deaf, and the bucket another one.
func (k *kvSource) signal(s Signal) {
	switch s {
	case Disconnected: // the watch tells, or the reconnect
	case Reconnected:
		k.unwatch()
		k.tries = 0
		k.look()
	case Closed:
		k.unwatch()
		k.fault = k.port.Ended().Error()
		k.fail(k.fault)
	}
}
