package bridge

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATS returns the Props of the outside over a connection that the caller owns:
// it brings credentials and TLS, and the caller closes it after the manager has
// stopped. Connect with nats.MaxReconnects(-1), or a store that is away for long
// ends the connection, and with it the worker.
func NATS(nc *nats.Conn, cfg Config) *actor.Props {
	if nc == nil {
		return Over(nil, RealClock{}, cfg)
	}
	return Over(newNATSPort(nc, cfg.Group), RealClock{}, cfg)
}

var errNoConnection = errors.New("bridge: the connection is nil; must be one that nats.Connect returned")

// natsPort is the Port over nats.go. It speaks the JetStream API itself: the KV
// API of nats.go hides error codes, batches and conditions on other subjects.
type natsPort struct {
	nc        *nats.Conn
	stream    string
	heartbeat time.Duration // of watches
}

func newNATSPort(nc *nats.Conn, group string) *natsPort {
	return &natsPort{nc: nc, stream: streamName(group), heartbeat: heartbeat}
}

const apiPrefix = "$JS.API."

// spawn does something on a goroutine of its own, which ends with it; cancel ends
// its context.
func (p *natsPort) spawn(f func(ctx context.Context)) (cancel func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		f(ctx)
	}()
	return cancel
}

// run does an operation, which ends with its answer, when its time is over or when
// it is cancelled.
func (p *natsPort) run(within time.Duration, f func(ctx context.Context)) (cancel func()) {
	return p.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, shortly(within))
		defer cancel()
		f(ctx)
	})
}

// shortly ends a question a little before the outside gives it up, so that a denial
// is told from a lost answer.
func shortly(within time.Duration) time.Duration { return within * 9 / 10 }

// outlasting ends when its time is over, and at the latest a while after another one has.
func outlasting(other context.Context, by, within time.Duration) (ctx context.Context, cancel func()) {
	ctx, end := context.WithTimeout(context.WithoutCancel(other), within)
	stop := context.AfterFunc(other, func() { time.AfterFunc(by, end) })
	return ctx, func() {
		stop()
		end()
	}
}

// Submit implements Port.
func (p *natsPort) Submit(op Op, within time.Duration, done func(Result)) (cancel func()) {
	return p.run(within, func(ctx context.Context) {
		switch {
		case op.Create != nil:
			done(p.create(ctx, *op.Create))
		case op.Get != "":
			done(p.get(ctx, op.Get))
		default:
			done(p.publish(ctx, op.Publish))
		}
	})
}

var (
	errAway   = errors.New("not connected: nothing was sent")
	errClosed = errors.New("the connection to NATS is closed")
)

// finals are why a client gives up, which it keeps: what the server says of credentials,
// when it has heard it twice, and that it has tried often enough.
var finals = []error{nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired, nats.ErrNoServers}

// inWords are those that the client keeps in the server's words, which are no error of
// its own, if it hears them while it connects.
var inWords = []string{nats.AUTHENTICATION_EXPIRED_ERR, nats.AUTHENTICATION_REVOKED_ERR, nats.ACCOUNT_AUTHENTICATION_EXPIRED_ERR}

// Ended implements Port. Another last error may be why the server closed the connection,
// or an old one, of a connection that the program closed: they look the same.
func (p *natsPort) Ended() error {
	if !p.nc.IsClosed() {
		return nil
	}
	last := p.nc.LastError()
	if last == nil {
		return errClosed
	}
	said := strings.ToLower(last.Error())
	if slices.ContainsFunc(finals, func(err error) bool { return errors.Is(last, err) }) ||
		slices.ContainsFunc(inWords, func(words string) bool { return strings.Contains(said, words) }) {
		return fmt.Errorf("%w: %w", errClosed, last)
	}
	return errClosed
}

// away is the result of what cannot be sent now, which the client would keep and
// send when it has reconnected, long after it was given up. It is false if the
// connection is there.
func (p *natsPort) away(outcome Outcome) (Result, bool) {
	if err := p.Ended(); err != nil {
		return Result{Outcome: Denied, Err: err}, true
	}
	return Result{Outcome: outcome, Err: errAway}, !p.nc.IsConnected()
}

// publish writes one message, or several as an atomic batch: the messages before
// the last are staged without an answer, the last one commits them all.
func (p *natsPort) publish(ctx context.Context, batch []Message) Result {
	if len(batch) == 0 {
		return Result{Outcome: Refused, Err: errors.New("nothing to publish")}
	}
	if r, away := p.away(Refused); away {
		return r
	}
	before, id := p.nc.LastError(), rand.Text()
	last := len(batch) - 1
	for i, m := range batch[:last] {
		if err := p.nc.PublishMsg(packed(m, id, i, len(batch))); err != nil {
			return p.failed(ctx, err, before, subjectsOf(batch)...)
		}
	}
	reply, err := p.nc.RequestMsgWithContext(ctx, packed(batch[last], id, last, len(batch)))
	if err != nil {
		return p.failed(ctx, err, before, subjectsOf(batch)...)
	}
	r := acknowledged(reply.Data)
	if denial := p.denial(before, subjectsOf(batch)...); denial != nil && r.Outcome == Refused {
		return Result{Outcome: Denied, Err: denial} // the batch had a gap: a message that may not be sent
	}
	return r
}

// packed is message i of n of a publish.
func packed(m Message, id string, i, n int) *nats.Msg {
	msg := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{}}
	if m.Expect != nil {
		msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(m.Expect.Sequence, 10))
		msg.Header.Set(jetstream.ExpectedLastSubjSeqSubjHeader, m.Expect.Subject)
	}
	if n > 1 {
		msg.Header.Set("Nats-Batch-Id", id)
		msg.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
		if i == n-1 {
			msg.Header.Set("Nats-Batch-Commit", "1")
		}
	}
	return msg
}

func subjectsOf(batch []Message) []string {
	subjects := make([]string, len(batch))
	for i, m := range batch {
		subjects[i] = m.Subject
	}
	return subjects
}

// call asks the JetStream API.
func (p *natsPort) call(ctx context.Context, name string, ask, answer any) Result {
	data, err := json.Marshal(ask)
	if err != nil {
		return Result{Outcome: Refused, Err: err}
	}
	if r, away := p.away(Unknown); away {
		return r
	}
	before := p.nc.LastError()
	reply, err := p.nc.RequestWithContext(ctx, apiPrefix+name, data)
	if err != nil {
		return p.failed(ctx, err, before, apiPrefix+name)
	}
	var fault struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := errors.Join(json.Unmarshal(reply.Data, &fault), json.Unmarshal(reply.Data, answer)); err != nil && fault.Error == nil {
		return Result{Outcome: Unknown, Err: fmt.Errorf("the answer of %s cannot be read: %w", name, err)}
	}
	if fault.Error != nil {
		return refusal(fault.Error)
	}
	return Result{}
}

// get reads through the stream's leader, never from the nearest copy.
func (p *natsPort) get(ctx context.Context, subject string) Result {
	var got struct {
		Message *struct {
			Seq  uint64    `json:"seq"`
			Hdrs []byte    `json:"hdrs"`
			Data []byte    `json:"data"`
			Time time.Time `json:"time"`
		} `json:"message"`
	}
	r := p.call(ctx, "STREAM.MSG.GET."+p.stream, map[string]string{"last_by_subj": subject}, &got)
	switch {
	case r.Outcome == Refused && r.Code == codeNoMessage:
		return Result{}
	case r.Outcome != Accepted:
		return r
	case got.Message == nil:
		return Result{Outcome: Unknown, Err: errors.New("the answer has no message")}
	}
	r.Sequence, r.Time = got.Message.Seq, got.Message.Time
	if !strings.Contains(string(got.Message.Hdrs), markerHeader) {
		r.Data = append([]byte{}, got.Message.Data...)
	}
	return r
}

// Reconnect implements Port. The client writes what it still has before it leaves
// the server, which takes long if that is cut off.
func (p *natsPort) Reconnect() {
	p.spawn(func(context.Context) { _ = p.nc.ForceReconnect() }) // it fails only if the connection is closed
}

// Listen implements Port.
func (p *natsPort) Listen(each func(Signal)) (stop func()) {
	changes := p.nc.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	return p.spawn(func(ctx context.Context) {
		defer p.nc.RemoveStatusListener(changes)
		if p.nc.IsClosed() {
			each(Closed)
			return
		}
		for {
			select {
			case <-ctx.Done():
				return
			case s, ok := <-changes:
				if !ok || ctx.Err() != nil {
					return
				}
				each(signals[s])
				if s == nats.CLOSED {
					return
				}
			}
		}
	})
}

var signals = map[nats.Status]Signal{
	nats.CONNECTED: Reconnected, nats.RECONNECTING: Disconnected, nats.DISCONNECTED: Disconnected, nats.CLOSED: Closed,
}
