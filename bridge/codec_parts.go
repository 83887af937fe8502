package bridge

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

const (
	// maxPart is the size of one part's data: with its header, no message is larger
	// than 512 KiB. A server takes 1 MiB by default.
	maxPart = 511 << 10
	// maxMessage is what no message of ours exceeds. A fence may use all of it: whoever
	// ends a session adds to what was read, and has to succeed whatever that was.
	maxMessage = 512 << 10
	// maxParts limits what a foreign part can make a reader wait for.
	maxParts = 256
)

// named is one message of a record: its name below the prefix, and its bytes.
type named struct {
	name string
	data []byte
	// rest is, of a delta, the revision that the newest message of on must have: then its
	// base is still there. It is 0 otherwise.
	rest uint64
	on   string
}

// split encodes a record into the messages that store it.
func split(key messages.Key, record any) ([]named, error) {
	data, step, err := encode(record)
	if err != nil {
		return nil, err
	}
	return cut(key, record, step, data)
}

// most is how large a record in one message can be.
func most(record any) int {
	if live, ok := record.(partition.Live); ok && live.Fence != nil {
		return maxMessage
	}
	return maxPart
}

// cut makes as many messages of a record's bytes as it takes.
func cut(key messages.Key, record any, step uint64, data []byte) ([]named, error) {
	if !parted(key) {
		if len(data) > most(record) {
			return nil, fmt.Errorf("record %s has %d bytes; must have at most %d", key, len(data), most(record))
		}
		return []named{{name: string(key), data: data}}, nil
	}
	return cutFrom(0, key, step, data)
}

// cutFrom makes the parts from an index on of them.
func cutFrom(index int, key messages.Key, step uint64, data []byte) (out []named, _ error) {
	count := index + max(1, (len(data)+maxPart-1)/maxPart)
	if count > maxParts {
		return nil, fmt.Errorf("record %s has %d bytes; must have at most %d", key, len(data), maxPart*maxParts)
	}
	digest := digestOf(data)
	for ; index < count; index++ {
		piece := data[:min(len(data), maxPart)]
		data = data[len(piece):]
		p, err := part(key, &pb.Part{Step: step, Digest: digest, Count: uint32(count), Index: uint32(index), Data: piece})
		if err != nil {
			return nil, err
		}
		out = append(out, p)
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
	if len(data) > maxMessage {
		return nil, fmt.Errorf("part %d has %d bytes; must have at most %d", index, len(data), maxMessage)
	}
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

// needs is how many parts are to be there, as far as those that are there say: what a
// delta's base needs is known from part 1.
func (p *pieces) needs() int {
	if p == nil {
		return 1
	}
	if first := p.parts[0]; first.GetBase() == 0 {
		return max(1, int(first.GetCount()))
	}
	return max(2, int(p.parts[1].GetCount()))
}

// join returns the record's bytes. Parts of different records are never joined:
// errIncomplete until all match. What stands behind the last part says nothing.
func (p *pieces) join() ([]byte, error) {
	first := p.parts[0]
	if first.GetBase() == 0 {
		return p.whole(0, first.GetDigest())
	}
	base, err := p.whole(1, first.GetBase())
	if err != nil {
		return nil, err
	}
	data, err := undelta(base, first.GetData(), mostMade(base))
	if err == nil && digestOf(data) != first.GetDigest() {
		err = errDigest
	}
	return data, err
}

// whole returns what has this digest and is in the parts from an index on.
func (p *pieces) whole(index int, digest uint64) ([]byte, error) {
	first := p.parts[index]
	if first.GetDigest() != digest && p.faults[index] == nil {
		return nil, errIncomplete
	}
	var list [][]byte
	for i := index; i == index || i < int(first.GetCount()); i++ {
		if p.faults[i] != nil {
			return nil, p.faults[i]
		}
		part := p.parts[i]
		if part == nil || part.GetStep() != first.GetStep() || part.GetDigest() != digest || part.GetCount() != first.GetCount() {
			return nil, errIncomplete
		}
		list = append(list, part.GetData())
	}
	data := list[0]
	if len(list) > 1 {
		data = slices.Concat(list...)
	}
	if digestOf(data) != digest {
		return nil, errDigest
	}
	return data, nil
}
