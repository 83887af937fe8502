package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ack is the server's answer to a publish.
type ack struct {
	Error *jetstream.APIError `json:"error"`
	Seq   uint64              `json:"seq"`
}

func acknowledged(data []byte) Result {
	var a ack
	if err := json.Unmarshal(data, &a); err != nil {
		return Result{Outcome: Unknown, Err: fmt.Errorf("the answer cannot be read: %w", err)}
	}
	switch {
	case a.Error != nil:
		return refusal(a.Error)
	case a.Seq == 0:
		return Result{Outcome: Unknown, Err: errors.New("the answer names no sequence")}
	}
	return Result{Sequence: a.Seq}
}

// lastSequence finds the sequence that a refusal names in its text.
var lastSequence = regexp.MustCompile(`wrong last sequence: (\d+)`)

// refusal tells an answer that nothing was done from one that says nothing: a
// fault of the server (500 and above) may have come after the write, on one of
// several servers.
func refusal(e *jetstream.APIError) Result {
	r := Result{Outcome: Refused, Code: int(e.ErrorCode), Err: e}
	switch {
	case r.Code == CodeNoJetStream || r.Code == codeJetStreamOff:
		r.Code = CodeNoJetStream
	case r.Code == CodeFenceInFlight, e.Code >= 500:
		r.Outcome = Unknown
	case r.Code == CodeWrongSequence:
		if m := lastSequence.FindStringSubmatch(e.Description); m != nil {
			last, err := strconv.ParseUint(m[1], 10, 64)
			r.Last, r.HasLast = last, err == nil
		}
	}
	return r
}

// codeJetStreamOff: JetStream is not enabled on the server.
const codeJetStreamOff = 10076

// failed is the result of a question without an answer.
func (p *natsPort) failed(ctx context.Context, err, before error, subjects ...string) Result {
	r := Result{Outcome: Unknown, Err: err}
	denial := p.denial(before, subjects...)
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		r.Outcome, r.Code = Refused, CodeTooLarge
	case errors.Is(err, nats.ErrBadSubject):
		r.Outcome = Refused
	case denial != nil:
		r.Outcome, r.Err = Denied, denial
	case errors.Is(err, nats.ErrNoResponders):
		r.Err = errors.New("nobody answered: the stream has no leader, or JetStream is not enabled")
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.Err = errLate
	}
	return r
}

// denial returns what the server said, since an error that was the last one then,
// about the right to publish to one of the subjects or to hear the answer, or at any
// time about the subscription by which the client hears all answers. It says so only
// besides the question, which then gets no answer. The handlers of the connection are
// the caller's and stay untouched.
func (p *natsPort) denial(before error, subjects ...string) error {
	err := p.nc.LastError()
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return nil
	}
	inbox := p.nc.NewInbox()
	inbox = inbox[:strings.LastIndexByte(inbox, '.')+1]
	m := ofAnswers.FindStringSubmatch(err.Error())
	hears := m == nil || m[1] != inbox // a subscription of the caller may begin so, too
	if !hears && m[2] != "" {
		return err
	}
	if before != nil && errors.Is(err, before) {
		return nil // it is of an older question
	}
	if !hears {
		return err
	}
	for _, s := range subjects {
		if denies(err, "Publish", s) {
			return err
		}
	}
	return nil
}

// ofAnswers is what the server says of an inbox of the client's own making: one for
// each question, or one for all of them.
var ofAnswers = regexp.MustCompile(`Subscription to "(.+\.)[0-9A-Za-z]{22}(\.\*)?"`)

// denies reports whether this is what the server says of who may not publish, or
// subscribe ("Subscription"), to a subject.
func denies(err error, what, subject string) bool {
	return errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), what+" to "+strconv.Quote(subject))
}
