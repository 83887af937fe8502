package bridge

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// pullHeartbeat is how often the server says that a question waits.
	pullHeartbeat = 10 * time.Second
	// firstWithin is when messages are handled though the first question is not over: as
	// many as the consumer allows may have to come again later.
	firstWithin = 5 * time.Second
	pinHeader   = "Nats-Pin-Id"
)

// errUnknown: no message came for so long that the server may know another by a pin.
var errUnknown = errors.New("the server does not know us by a pin")

// question asks for messages. The server answers with as many, as they come, until it
// expires; or, without waiting, with those that are there.
type question struct {
	Batch     int           `json:"batch"`
	Expires   time.Duration `json:"expires,omitempty"`
	Heartbeat time.Duration `json:"idle_heartbeat,omitempty"`
	NoWait    bool          `json:"no_wait,omitempty"`
	Group     string        `json:"group"`
	Pin       string        `json:"id,omitempty"`
}

func (p *pull) next() string { return apiPrefix + "CONSUMER.MSG.NEXT." + p.c.cfg.Stream + "." + p.name }

// askFirst asks for what is there. What was given back before comes first, but not always
// in order, so that nothing is handled before all of it is here. The mutex is held, as it
// is in all that follows.
func (p *pull) askFirst() {
	p.first = p.c.cfg.Pull - len(p.held)
	p.put(question{Batch: p.first, NoWait: true})
}

// ask asks for more if at most half of what may be here is, or comes. Before the server
// knows us by a pin it asks for one message, as only what it knows to be ours it can be
// told to answer no more.
func (p *pull) ask() {
	most := p.c.cfg.Pull
	want := most - p.asked - len(p.held)
	if !p.begun || 2*want < most || p.over || p.ctx.Err() != nil {
		return
	}
	if p.pin == "" {
		if p.asked > 0 {
			return
		}
		want = 1
	}
	p.put(question{Batch: want, Expires: 3 * pullHeartbeat, Heartbeat: pullHeartbeat, Pin: p.pin})
}

func (p *pull) put(q question) {
	q.Group = ownerGroup
	data, err := json.Marshal(q)
	if err == nil {
		err = p.c.port.nc.PublishRequest(p.next(), p.sub.Subject, data)
	}
	if err != nil {
		p.fail(err)
		return
	}
	p.asked, p.sign = p.asked+q.Batch, time.Now()
}

// settle puts in order what was there at the beginning, to be handled from now on.
func (p *pull) settle() {
	if p.begun {
		return
	}
	p.begun = true
	slices.SortStableFunc(p.held, func(a, b *nats.Msg) int { return cmp.Compare(sequenceOf(a).Stream, sequenceOf(b).Stream) })
}

// sequenceOf is where a message is in the stream, and as which of the consumer's it was
// sent.
func sequenceOf(m *nats.Msg) nats.SequencePair {
	meta, err := m.Metadata()
	if err != nil {
		return nats.SequencePair{} // it is no message of a consumer
	}
	return meta.Sequence
}

// collect notes what has come, and asks for more.
func (p *pull) collect() {
	for {
		select {
		case m := <-p.inbox:
			p.note(m)
		default:
			p.ask()
			return
		}
	}
}

// note keeps a message, or hears what the server says instead.
func (p *pull) note(m *nats.Msg) {
	p.sign = time.Now()
	if m.Reply == "" { // no message of a stream
		p.heard(m)
		return
	}
	p.held, p.asked, p.latest = append(p.held, m), max(p.asked-1, 0), m
	if pin := m.Header.Get(pinHeader); pin != "" {
		p.pin = pin
	}
	if p.first > 0 {
		p.answered(p.first - 1)
	}
}

// answered is about the first question: as many may still come for it.
func (p *pull) answered(left int) {
	if p.first = left; left == 0 {
		p.settle()
	}
}

// heard is about a question: that it waits, or that it is over, and how much of it was
// not answered. Whatever else the server says, all is begun again.
func (p *pull) heard(m *nats.Msg) {
	left, err := strconv.Atoi(m.Header.Get("Nats-Pending-Messages"))
	switch status := m.Header.Get("Status"); {
	case status == "100":
	case status == "404", status == "408" && p.first > 0: // all that is there is here, or others wait for it, too
		p.asked = max(p.asked-p.first, 0)
		p.answered(0)
	case status == "423": // somebody has had the server forget us, and all that we asked
		p.asked, p.pin = 0, ""
		switch {
		case p.begun:
		case p.ctx.Err() == nil:
			p.askFirst()
		default:
			p.answered(0)
		}
	case err == nil && p.pin == "":
		p.fail(errUnknown)
	case err == nil:
		p.asked = max(p.asked-left, 0)
	default:
		p.fail(fmt.Errorf("the server says %s %s", status, m.Header.Get("Description")))
	}
}
