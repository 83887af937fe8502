package bridge

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
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
	return Over(newNATSPort(nc, cfg.withDefaults()), RealClock{}, cfg)
}

// natsPort is the Port over nats.go. It speaks the JetStream API itself: the KV
// API of nats.go hides error codes, batches and conditions on other subjects.
type natsPort struct {
	nc     *nats.Conn
	stream string
	// timeout ends a question a little before the outside gives it up, so that a
	// denial is told from a lost answer.
	timeout time.Duration
}

func newNATSPort(nc *nats.Conn, cfg Config) *natsPort {
	return &natsPort{nc: nc, stream: streamName(cfg.Group), timeout: cfg.StoreTimeout * 9 / 10}
}

const (
	apiPrefix     = "$JS.API."
	createTimeout = 2 * time.Second
)

// run does an operation on a goroutine of its own, which ends with its answer, at
// the timeout or when it is cancelled.
func (p *natsPort) run(timeout time.Duration, f func(ctx context.Context)) (cancel func()) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	go func() {
		defer cancel()
		f(ctx)
	}()
	return cancel
}

// Submit implements Port.
func (p *natsPort) Submit(op Op, done func(Result)) (cancel func()) {
	timeout := p.timeout
	if op.Create != nil {
		timeout = max(timeout, createTimeout)
	}
	return p.run(timeout, func(ctx context.Context) {
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

// ack is the server's answer to a publish.
type ack struct {
	Error *jetstream.APIError `json:"error"`
	Seq   uint64              `json:"seq"`
}

// publish writes one message, or several as an atomic batch: the messages before
// the last are staged without an answer, the last one commits them all.
func (p *natsPort) publish(ctx context.Context, batch []Message) Result {
	if !p.nc.IsConnected() {
		// The client would keep it and send it after it has reconnected.
		return Result{Outcome: Refused, Err: errors.New("not connected: nothing was sent")}
	}
	id := rand.Text()
	for i, m := range batch {
		msg := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{}}
		if m.Expect != nil {
			msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(m.Expect.Sequence, 10))
			msg.Header.Set(jetstream.ExpectedLastSubjSeqSubjHeader, m.Expect.Subject)
		}
		if len(batch) > 1 {
			msg.Header.Set("Nats-Batch-Id", id)
			msg.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
		}
		if i < len(batch)-1 {
			if err := p.nc.PublishMsg(msg); err != nil {
				return p.failed(err, m.Subject)
			}
			continue
		}
		if len(batch) > 1 {
			msg.Header.Set("Nats-Batch-Commit", "1")
		}
		reply, err := p.nc.RequestMsgWithContext(ctx, msg)
		if err != nil {
			return p.failed(err, m.Subject)
		}
		return acknowledged(reply.Data)
	}
	return Result{Outcome: Refused, Err: errors.New("nothing to publish")}
}

func acknowledged(data []byte) Result {
	var a ack
	if err := json.Unmarshal(data, &a); err != nil {
		return Result{Outcome: Unknown, Err: fmt.Errorf("the answer cannot be read: %w", err)}
	}
	if a.Error != nil {
		return refusal(a.Error)
	}
	return Result{Sequence: a.Seq}
}

// lastSequence finds the sequence that a refusal names in its text.
var lastSequence = regexp.MustCompile(`wrong last sequence: (\d+)`)

// refusal tells an answer that nothing was done from one that says nothing.
func refusal(e *jetstream.APIError) Result {
	r := Result{Outcome: Refused, Code: int(e.ErrorCode), Err: e}
	switch {
	case r.Code == CodeFenceInFlight, r.Code == CodeNotLeader, r.Code == CodeNoQuorum:
		r.Outcome = Unknown
	case r.Code == CodeWrongSequence:
		if m := lastSequence.FindStringSubmatch(e.Description); m != nil {
			last, err := strconv.ParseUint(m[1], 10, 64)
			r.Last, r.HasLast = last, err == nil
		}
	}
	return r
}

// failed is the result of a question without an answer.
func (p *natsPort) failed(err error, subject string) Result {
	r := Result{Outcome: Unknown, Err: err}
	switch {
	case errors.Is(err, nats.ErrMaxPayload), errors.Is(err, nats.ErrBadSubject):
		r.Outcome = Refused
	case errors.Is(err, nats.ErrNoResponders):
		r.Err = errors.New("nobody answered: the stream has no leader, or JetStream is not enabled")
	case p.denied(subject):
		r.Outcome, r.Err = Denied, p.nc.LastError()
	}
	return r
}

// denied reports whether the server said that the connection may not publish to
// the subject. It says so only besides the question, which then gets no answer.
func (p *natsPort) denied(subject string) bool {
	err := p.nc.LastError()
	return err != nil && errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), strconv.Quote(subject))
}

// call asks the JetStream API.
func (p *natsPort) call(ctx context.Context, name string, ask, answer any) Result {
	data, err := json.Marshal(ask)
	if err != nil {
		return Result{Outcome: Refused, Err: err}
	}
	if !p.nc.IsConnected() {
		return Result{Outcome: Unknown, Err: errors.New("not connected")}
	}
	reply, err := p.nc.RequestWithContext(ctx, apiPrefix+name, data)
	if err != nil {
		return p.failed(err, apiPrefix+name)
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
	r.Sequence, r.Time, r.Data = got.Message.Seq, got.Message.Time, got.Message.Data
	if r.Data == nil && !strings.Contains(string(got.Message.Hdrs), markerHeader) {
		r.Data = []byte{}
	}
	return r
}

// Reconnect implements Port.
func (p *natsPort) Reconnect() { _ = p.nc.ForceReconnect() }

// Listen implements Port.
func (p *natsPort) Listen(each func(Signal)) (stop func()) {
	changes := p.nc.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	ctx, cancel := context.WithCancel(context.Background())
	if p.nc.IsClosed() {
		each(Closed)
	}
	go func() {
		defer p.nc.RemoveStatusListener(changes)
		for {
			select {
			case <-ctx.Done():
				return
			case s, ok := <-changes:
				if !ok {
					return
				}
				switch s {
				case nats.CONNECTED:
					each(Reconnected)
				case nats.RECONNECTING, nats.DISCONNECTED:
					each(Disconnected)
				case nats.CLOSED:
					each(Closed)
					return
				}
			}
		}
	}()
	return cancel
}
