package bridge

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/troupe-actors/troupe/messages"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

// form is the message that a record is stored as.
func form(t *testing.T, key messages.Key, data []byte) protoreflect.Message {
	t.Helper()
	kind, _, _ := strings.Cut(string(key), ".")
	m := map[string]proto.Message{
		"lead": new(pb.Lead), "term": new(pb.Term), "live": new(pb.Live), "head": new(pb.Head), "asg": new(pb.Assignment), "journal": new(pb.Journal),
	}[kind]
	require.NoError(t, proto.Unmarshal(data, m), key)
	return m.ProtoReflect()
}

// each calls f with a message, and with all that are inside it.
func each(m protoreflect.Message, f func(protoreflect.Message)) {
	f(m)
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.Message() == nil:
		case field.IsList():
			for i := range v.List().Len() {
				each(v.List().Get(i).Message(), f)
			}
		default:
			each(v.Message(), f)
		}
		return true
	})
}

// zeros reports whether a field that is there is a list of nothing but zeros.
func zeros(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
	if !field.IsList() {
		return false
	}
	for i := range v.List().Len() {
		if !v.List().Get(i).Equal(v.List().NewElement()) {
			return false
		}
	}
	return true
}

// A field that no golden record sets could be stored in another way, and no test would see it.
func TestCodec_GoldenRecordsSetEveryField(t *testing.T) {
	set := map[protoreflect.FullName]bool{}
	see := func(m protoreflect.Message) {
		m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			set[field.FullName()] = set[field.FullName()] || !zeros(field, v)
			return true
		})
	}
	for _, table := range goldens {
		for key, record := range table {
			data, _, err := encode(record)
			require.NoError(t, err)
			each(form(t, key, data), see)
		}
	}
	for name, data := range readGolden(t, "delta.txt") {
		for _, m := range []proto.Message{new(pb.Part), new(pb.Stamp)} {
			require.NoError(t, proto.Unmarshal(data, m), name)
			see(m.ProtoReflect())
		}
	}
	var unset []protoreflect.FullName
	for all, i := pb.File_proto_troupe_proto.Messages(), 0; i < all.Len(); i++ {
		for fields, k := all.Get(i).Fields(), 0; k < fields.Len(); k++ {
			if name := fields.Get(k).FullName(); !set[name] {
				unset = append(unset, name)
			}
		}
	}
	require.Empty(t, unset, "no golden record sets these fields")
}

// What a newer build knows of a row is kept like what it knows of the record.
func TestCodec_KeepsWhatItDoesNotKnowInside(t *testing.T) {
	for file, table := range goldens {
		for key, record := range table {
			data, _, err := encode(record)
			require.NoError(t, err)
			m := form(t, key, data)
			each(m, func(m protoreflect.Message) { m.SetUnknown(later(string(m.Descriptor().Name()))) })
			data, err = proto.MarshalOptions{Deterministic: true}.Marshal(m.Interface())
			require.NoError(t, err)
			got, err := decode(key, data)
			require.NoError(t, err)
			again, _, err := encode(got)
			require.NoError(t, err)
			var lost []protoreflect.Name
			each(form(t, key, again), func(m protoreflect.Message) {
				if len(m.GetUnknown()) == 0 {
					lost = append(lost, m.Descriptor().Name())
				}
			})
			require.Empty(t, lost, "what %s of %s does not keep", key, file)
			require.Equal(t, data, again, "%s of %s", key, file)
		}
	}
}
