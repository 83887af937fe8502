package bridge

import (
	"github.com/troupe-actors/troupe/messages"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

const (
	// leastBase is how large an assignment must be for its changes to be written alone.
	leastBase = 1024
	// mostOfBase is which part of it they may be; otherwise it is written anew.
	mostOfBase = 4
)

// bases are the assignments to which a leader writes deltas, by key. They end with
// its term. A base is taken for each write, and put back if the write is accepted: of
// what became of another one nothing is known, so that the next write is whole.
type bases map[messages.Key]base

// base is what the parts of a record behind part 0 hold.
type base struct {
	data   []byte
	digest uint64
	// revision is that of part 1, or of the latest write of the record if there are more.
	revision uint64
}

// large: it takes several parts. No single one of them can be what a write rests on.
func (b base) large() bool { return len(b.data) > maxPart }

// left is the base that a write leaves in the store.
type left struct {
	key messages.Key
	base
	at int // the place in the batch of the message that has its revision, if that is 0
}

// split encodes a record into the messages that store it, and says which base it
// leaves there. A delta is written on condition that its base is still there: somebody
// may have written over it. A record gets a base if there is room for one message more.
func (b bases) split(w messages.Write, room bool) ([]named, *left, error) {
	old, had := b[w.Key]
	delete(b, w.Key)
	data, step, err := encode(w.Record)
	if err != nil {
		return nil, nil, err
	}
	changes := w.Blind && w.Fence == nil && parted(w.Key) && len(data) >= leastBase && len(data) <= maxPart*(maxParts-1)
	if changes && had {
		if p, err := old.change(w.Key, step, data); p != nil || err != nil {
			if old.large() {
				old.revision = 0 // that of this write
			}
			return p, &left{key: w.Key, base: old}, err
		}
	}
	if !changes || !room {
		pieces, err := cut(w.Key, w.Record, step, data)
		return pieces, nil, err
	}
	pieces, err := rebased(w.Key, step, data)
	l := &left{key: w.Key, base: base{data: data, digest: digestOf(data)}}
	if l.large() {
		l.at = len(pieces) - 1
	}
	return pieces, l, err
}

// change is a record as what has changed since its base, nil if that is too much.
func (b base) change(key messages.Key, step uint64, data []byte) ([]named, error) {
	if len(data) > mostMade(b.data) {
		return nil, nil
	}
	delta := deltaOf(b.data, data, min(len(data)/mostOfBase, maxPart))
	if delta == nil {
		return nil, nil
	}
	p, err := part(key, &pb.Part{Step: step, Digest: digestOf(data), Count: 1, Data: delta, Base: b.digest})
	p.rest, p.on = b.revision, partName(key, 1)
	if b.large() {
		p.on = filterName(key)
	}
	return []named{p}, err
}

// keep notes what an accepted write left, of which the first message has this revision.
func (b bases) keep(list []*left, first uint64) {
	for _, l := range list {
		if l.revision == 0 {
			l.revision = first + uint64(l.at)
		}
		b[l.key] = l.base
	}
}

// rebased is a record as its own base. What conditions are set on comes last, so that
// whoever sees it has all.
func rebased(key messages.Key, step uint64, data []byte) ([]named, error) {
	pieces, err := cutFrom(1, key, step, data)
	if err != nil {
		return nil, err
	}
	digest := digestOf(data)
	first, err := part(key, &pb.Part{Step: step, Digest: digest, Count: 1, Data: deltaOf(data, data, len(data)), Base: digest})
	return append(pieces, first), err
}
