package sim

import (
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/bridge"
)

// Right is something that a connection may do, unless it was revoked.
type Right int

// Rights of a connection.
const (
	// ToWrite covers every record, of others too.
	ToWrite Right = iota
	// ToLead is to write what leaders do.
	ToLead
	// ToRead is of single records, which are asked for by name.
	ToRead
	// ToWatch records, from the next watch on.
	ToWatch
	// ToLook is to ask what the stream is, and to make it.
	ToLook
	// Rights are how many there are.
	Rights
)

// Deny takes a right from the connection, until Heal or Allow.
func (p *Port) Deny(r Right) {
	p.net.note(p.lane.Name, "may not "+[Rights]string{"write", "lead", "read", "watch", "look at the stream"}[r])
	p.lacks[r] = true
}

// Allow gives back what Deny took.
func (p *Port) Allow() {
	if p.lacks != [Rights]bool{} {
		p.net.note(p.lane.Name, "may do everything again")
		p.lacks = [Rights]bool{}
	}
}

func denied() bridge.Result { return bridge.Result{Outcome: bridge.Denied, Err: bridge.ErrDenied} }

// lacking reports whether the right to have something done was revoked.
func (p *Port) lacking(op bridge.Op) bool {
	leads := func(m bridge.Message) bool {
		return strings.Contains(m.Subject, ".journal.") || strings.HasSuffix(m.Subject, ".lead")
	}
	switch {
	case op.Create != nil:
		return p.lacks[ToLook]
	case op.Get != "":
		return p.lacks[ToRead]
	}
	return p.lacks[ToWrite] || p.lacks[ToLead] && slices.ContainsFunc(op.Publish, leads)
}

// look is what the server says of the stream.
func (p *Port) look() bridge.StreamInfo {
	if p.lacks[ToLook] {
		return bridge.StreamInfo{Result: denied()}
	}
	if p.deserted() {
		return bridge.StreamInfo{Result: nobody()}
	}
	return p.net.info(p.stream)
}
