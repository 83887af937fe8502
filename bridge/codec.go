package bridge

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

// encode returns the bytes of a record, and its step if it has one.
func encode(record any) (data []byte, step uint64, err error) {
	var p proto.Message
	var kept partition.Kept
	switch r := record.(type) {
	case partition.Lead:
		p, kept = leadToProto(r), r.Kept
	case partition.Term:
		p, kept = termToProto(r), r.Kept
	case partition.Live:
		p, kept = liveToProto(r), r.Kept
	case partition.Head:
		p, kept, step = headToProto(r), r.Kept, uint64(r.Step)
	case partition.Assignment:
		p, kept, step = assignmentToProto(r), r.Kept, uint64(r.Step)
	case partition.Journal:
		p, kept = journalToProto(r), r.Kept
	default:
		return nil, 0, fmt.Errorf("%T is no record", record)
	}
	keep(p, kept)
	data, err = proto.MarshalOptions{Deterministic: true}.Marshal(p)
	return data, step, err
}

// decode reads the whole record of a key. An error names what is wrong; the
// record must not be guessed at then. What is larger than such a record can be is none,
// however well it reads: it could be neither passed on nor fenced.
func decode(key messages.Key, data []byte) (any, error) {
	record, err := decodeAny(key, data)
	if err == nil && !parted(key) && len(data) > most(record) {
		return nil, fmt.Errorf("it has %d bytes; must have at most %d", len(data), most(record))
	}
	return record, err
}

func decodeAny(key messages.Key, data []byte) (any, error) {
	kind, _, _ := strings.Cut(string(key), ".")
	switch kind {
	case "lead":
		p := new(pb.Lead)
		return read(data, p, p.GetSession, leadFromProto)
	case "term":
		p := new(pb.Term)
		return read(data, p, p.GetNonce, termFromProto)
	case "live":
		p := new(pb.Live)
		return read(data, p, p.GetSession, liveFromProto)
	case "head":
		p := new(pb.Head)
		return read(data, p, p.GetNonce, headFromProto)
	case "asg":
		p := new(pb.Assignment)
		return read(data, p, p.GetSession, assignmentFromProto)
	case "journal":
		p := new(pb.Journal)
		return read(data, p, p.GetLeader, journalFromProto)
	}
	return nil, fmt.Errorf("%q is no key of a record", printable(string(key)))
}

var errEmpty = errors.New("the record lacks what every record of its kind has: it is foreign or cut")

// read reads a record; must is a field that is never empty.
func read[P proto.Message, R any](data []byte, p P, must func() string, from func(P) (R, error)) (any, error) {
	if err := unmarshal(data, p); err != nil {
		return nil, err
	}
	if must() == "" {
		return nil, errEmpty
	}
	record, err := from(p)
	if err != nil {
		return nil, err
	}
	return record, nil
}

// tooNew is a schema above those that this build understands.
type tooNew uint32

func (e tooNew) Error() string {
	return fmt.Sprintf("it has schema %d, and this build understands schemas up to %d: a newer build wrote it", uint32(e), partition.Schema)
}

// unmarshal looks at the schema before all else: the rest may be anything then.
func unmarshal(data []byte, p proto.Message) error {
	stamp := new(pb.Stamp)
	err := proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, stamp)
	switch schema := stamp.GetSchema(); {
	case err != nil:
		return err
	case schema > partition.Schema:
		return tooNew(schema)
	case schema == 0:
		return errEmpty
	}
	if err := proto.Unmarshal(data, p); err != nil {
		return err
	}
	return otherKind(p.ProtoReflect())
}

// otherKind refuses a field that this build knows by its number and not by its type.
// Protobuf takes it for an unknown one; but a type never changes, so it is of a record
// of another kind, whose texts must not be taken for a session or a nonce.
func otherKind(m protoreflect.Message) error {
	known := m.Descriptor().Fields()
	for rest := m.GetUnknown(); len(rest) > 0; {
		number, _, size := protowire.ConsumeField(rest)
		if f := known.ByNumber(number); f != nil {
			return fmt.Errorf("field %d (%s) is not of type %s: the record is of another kind", number, f.Name(), f.Kind())
		}
		rest = rest[size:]
	}
	return nil
}

// kept returns the fields that this build does not know.
func kept(p proto.Message) partition.Kept {
	return partition.Kept(p.ProtoReflect().GetUnknown())
}

// keep puts them back.
func keep(p proto.Message, fields partition.Kept) {
	if fields != "" {
		p.ProtoReflect().SetUnknown([]byte(fields))
	}
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

// printable shortens and quotes a text that others wrote.
func printable(s string) string { return shortened(s, 120) }

// shortened quotes a text, if it has what would change a line or a screen, and cuts it.
func shortened(s string, most int) string {
	s = strings.ReplaceAll(s, "\u00a0", " ") // of protobuf's errors, now and then
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		s = strconv.Quote(s)
	}
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
