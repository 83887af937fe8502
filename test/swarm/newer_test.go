package swarm

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// field is one that only a newer build knows.
var field = protowire.AppendString(protowire.AppendTag(nil, 2000, protowire.BytesType), "of a newer build")

// newer is a build that writes the field into every record, once.
type newer struct {
	bridge.Port
	wrote *bridge.Inspector // what it would have written without the field
	// bases are the digests of what is stored, by those without the field.
	bases map[uint64]uint64
}

func newerBuild(p bridge.Port) bridge.Port {
	return newer{p, new(bridge.Inspector), map[uint64]uint64{}}
}

func (n newer) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	return n.Port.Submit(changed(op, func(m bridge.Message) []byte {
		switch _, record, _ := n.wrote.Read(m.Subject, m.Data); r := record.(type) {
		case nil: // what the next message is a delta to
			return n.intoPart(m.Data, "")
		case partition.Head:
			return n.intoPart(m.Data, r.Kept)
		case partition.Assignment:
			return n.intoPart(m.Data, r.Kept)
		case partition.Live:
			if r.Fence != nil {
				return m.Data // a fence changes nothing else
			}
		}
		return with(m.Data)
	}), within, done)
}

// changed is the operation with other messages.
func changed(op bridge.Op, change func(bridge.Message) []byte) bridge.Op {
	op.Publish = slices.Clone(op.Publish)
	for i, m := range op.Publish {
		op.Publish[i].Data = change(m)
	}
	return op
}

func with(record []byte) []byte {
	if strings.HasSuffix(string(record), string(field)) {
		return record
	}
	return append(slices.Clone(record), field...)
}

// intoPart puts the field into a record that goes in parts: into all of it, which one part
// takes, or into what has changed since its base. What that record keeps has to be said.
func (n newer) intoPart(message []byte, kept partition.Kept) []byte {
	p := readPart(message)
	if p.base == 0 {
		was := p.digest
		p.data = with(p.data)
		p.digest = digestOf(p.data)
		n.bases[was] = p.digest
		return p.message()
	}
	p.base = n.bases[p.base]
	if !strings.HasSuffix(string(kept), string(field)) {
		p.digest = digestAfter(p.digest, field)
		p.data = append(protowire.AppendBytes(p.data, field), 0, 0) // new bytes, then no range
	}
	return p.message()
}

// part is one message of a record that goes in parts.
type part struct {
	digest, base uint64
	data, others []byte
}

func readPart(message []byte) (p part) {
	for len(message) > 0 {
		number, _, n := protowire.ConsumeField(message)
		_, _, tag := protowire.ConsumeTag(message)
		value := message[tag:n]
		switch number {
		case 2:
			p.digest, _ = protowire.ConsumeFixed64(value)
		case 5:
			data, _ := protowire.ConsumeBytes(value)
			p.data = slices.Clone(data)
		case 6:
			p.base, _ = protowire.ConsumeFixed64(value)
		default:
			p.others = append(p.others, message[:n]...)
		}
		message = message[n:]
	}
	return p
}

func (p part) message() []byte {
	out := protowire.AppendFixed64(protowire.AppendTag(p.others, 2, protowire.Fixed64Type), p.digest)
	out = protowire.AppendBytes(protowire.AppendTag(out, 5, protowire.BytesType), p.data)
	if p.base != 0 {
		out = protowire.AppendFixed64(protowire.AppendTag(out, 6, protowire.Fixed64Type), p.base)
	}
	return out
}

// digestOf is the 64-bit FNV-1a, and digestAfter that of what goes on so.
func digestOf(data []byte) uint64 { return digestAfter(14695981039346656037, data) }

func digestAfter(digest uint64, data []byte) uint64 {
	for _, b := range data {
		digest = (digest ^ uint64(b)) * 1099511628211
	}
	return digest
}
