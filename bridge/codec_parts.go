package bridge

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"

	"google.golang.org/protobuf/proto"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

const (
	// maxPart is the size of one part's data: with its header, no message is larger
	// than 512 KiB. A server takes 1 MiB by default.
	maxPart = 511 << 10
	// maxParts limits what a foreign part can make a reader wait for.
	maxParts = 256
)

// named is one message of a record: its name below the prefix, and its bytes.
type named struct {
	name string
	data []byte
	rest uint64 // the revision that part 1 must have, as data is a delta to it; 0 if it is not
}

// split encodes a record into the messages that store it.
func split(key messages.Key, record any) ([]named, error) {
	data, step, err := encode(record)
	if err != nil {
		return nil, err
	}
	return cut(key, step, data)
}

// cut makes as many messages of a record's bytes as it takes.
func cut(key messages.Key, step uint64, data []byte) ([]named, error) {
	if !parted(key) {
		if len(data) > maxPart {
			return nil, fmt.Errorf("record %s has %d bytes; must have at most %d", key, len(data), maxPart)
		}
		return []named{{name: string(key), data: data}}, nil
	}
	count := max(1, (len(data)+maxPart-1)/maxPart)
	if count > maxParts {
		return nil, fmt.Errorf("record %s has %d bytes; must have at most %d", key, len(data), maxPart*maxParts)
	}
	digest := digestOf(data)
	out := make([]named, count)
	for i := range out {
		piece := data[i*maxPart : min(len(data), (i+1)*maxPart)]
		var err error
		out[i], err = part(key, &pb.Part{Step: step, Digest: digest, Count: uint32(count), Index: uint32(i), Data: piece})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func part(key messages.Key, p *pb.Part) (named, error) {
	p.Schema = partition.Schema
	data, err := proto.Marshal(p)
	return named{name: partName(key, int(p.Index)), data: data}, err
}

func digestOf(data []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(data)
	return h.Sum64()
}

// pieces gathers the parts of one record as they are seen.
type pieces struct {
	parts  map[int]*pb.Part
	faults map[int]error
	seqs   map[int]uint64
}

var (
	errIncomplete = errors.New("its parts are of different records")
	errDigest     = errors.New("its parts are not what was written")
)

func newPieces() *pieces {
	return &pieces{parts: map[int]*pb.Part{}, faults: map[int]error{}, seqs: map[int]uint64{}}
}

// add notes a part if it is newer than what is known of its index.
func (p *pieces) add(index int, seq uint64, data []byte) {
	if seq > p.seqs[index] {
		p.parts[index], p.faults[index] = readPart(index, data)
		p.seqs[index] = seq
	}
}

func readPart(index int, data []byte) (*pb.Part, error) {
	part := new(pb.Part)
	if err := unmarshal(data, part); err != nil {
		return nil, err
	}
	if part.GetCount() == 0 || part.GetCount() > maxParts || int(part.GetIndex()) != index {
		return nil, fmt.Errorf("part %d says that it is part %d of %d", index, part.GetIndex(), part.GetCount())
	}
	return part, nil
}

// revision is that of part 0, on which conditions are set; 0 if it is not there.
func (p *pieces) revision() uint64 { return p.seqs[0] }

// join returns the record's bytes. Parts of different records are never joined:
// errIncomplete until all match. What stands behind the last part says nothing.
func (p *pieces) join() ([]byte, error) {
	first := p.parts[0]
	switch {
	case p.faults[0] != nil:
		return nil, p.faults[0]
	case first == nil:
		return nil, errIncomplete
	case first.GetBase() != 0:
		return p.change(first)
	}
	var b bytes.Buffer
	for i := range int(first.GetCount()) {
		if p.faults[i] != nil {
			return nil, p.faults[i]
		}
		part := p.parts[i]
		if part == nil || part.GetStep() != first.GetStep() || part.GetDigest() != first.GetDigest() || part.GetCount() != first.GetCount() {
			return nil, errIncomplete
		}
		b.Write(part.GetData())
	}
	if digestOf(b.Bytes()) != first.GetDigest() {
		return nil, errDigest
	}
	return b.Bytes(), nil
}

// change returns what part 0 makes of its base, which is part 1.
func (p *pieces) change(first *pb.Part) ([]byte, error) {
	base := p.parts[1]
	switch {
	case p.faults[1] != nil:
		return nil, p.faults[1]
	case base == nil || base.GetDigest() != first.GetBase():
		return nil, errIncomplete
	case digestOf(base.GetData()) != first.GetBase():
		return nil, errDigest
	}
	data, err := undelta(base.GetData(), first.GetData(), maxPart)
	if err == nil && digestOf(data) != first.GetDigest() {
		err = errDigest
	}
	return data, err
}
