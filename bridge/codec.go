package bridge

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

// encode returns the bytes of a record, and its step if it has one.
func encode(record any) (data []byte, step uint64, err error) {
	var p proto.Message
	switch r := record.(type) {
	case partition.Lead:
		p = &pb.Lead{Worker: string(r.Worker), Session: string(r.Session), Beat: r.Beat, Released: r.Released}
	case partition.Term:
		p = &pb.Term{Worker: string(r.Worker), Session: string(r.Session), Nonce: r.Nonce}
	case partition.Live:
		p = liveToProto(r)
	case partition.Head:
		p, step = headToProto(r), uint64(r.Step)
	case partition.Assignment:
		p, step = assignmentToProto(r), uint64(r.Step)
	case partition.Journal:
		p = journalToProto(r)
	default:
		return nil, 0, fmt.Errorf("%T is no record", record)
	}
	data, err = proto.MarshalOptions{Deterministic: true}.Marshal(p)
	return data, step, err
}

// decode reads the whole record of a key. An error names what is wrong; the
// record must not be guessed at then.
func decode(key messages.Key, data []byte) (any, error) {
	kind, _, _ := strings.Cut(string(key), ".")
	switch kind {
	case "lead":
		p := new(pb.Lead)
		err := unmarshal(data, p, p.GetSession)
		return partition.Lead{
			Worker: partition.WorkerID(p.GetWorker()), Session: partition.SessionID(p.GetSession()), Beat: p.GetBeat(), Released: p.GetReleased(),
		}, err
	case "term":
		p := new(pb.Term)
		err := unmarshal(data, p, p.GetNonce)
		return partition.Term{
			Worker: partition.WorkerID(p.GetWorker()), Session: partition.SessionID(p.GetSession()), Nonce: p.GetNonce(),
		}, err
	case "live":
		p := new(pb.Live)
		err := unmarshal(data, p, p.GetSession)
		return liveFromProto(p), err
	case "head":
		p := new(pb.Head)
		if err := unmarshal(data, p, p.GetNonce); err != nil {
			return nil, err
		}
		return headFromProto(p)
	case "asg":
		p := new(pb.Assignment)
		if err := unmarshal(data, p, p.GetSession); err != nil {
			return nil, err
		}
		return assignmentFromProto(p)
	case "journal":
		p := new(pb.Journal)
		err := unmarshal(data, p, p.GetLeader)
		return journalFromProto(p), err
	}
	return nil, fmt.Errorf("%q is no key of a record", key)
}

var errEmpty = errors.New("the record lacks what every record of its kind has: it is foreign or cut")

// unmarshal reads a record; must is a field that is never empty.
func unmarshal(data []byte, p proto.Message, must func() string) error {
	if err := proto.Unmarshal(data, p); err != nil {
		return err
	}
	if must() == "" {
		return errEmpty
	}
	return nil
}

// columns checks that lists which belong together are equally long.
func columns(name string, lengths ...int) error {
	for _, n := range lengths {
		if n != lengths[0] {
			return fmt.Errorf("the columns of %s have %v entries; must be equally long", name, lengths)
		}
	}
	return nil
}

func texts[T ~string](list []T) []string {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = string(t)
	}
	return out
}

func words[T ~string](list []string) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, len(list))
	for i, t := range list {
		out[i] = T(t)
	}
	return out
}

// printable shortens and cleans a text that others wrote.
func printable(s string) string {
	const most = 120
	if !utf8.ValidString(s) {
		s = fmt.Sprintf("%q", s)
	}
	if len(s) > most {
		s = s[:most] + "…"
	}
	return s
}
