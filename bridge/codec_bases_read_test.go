package bridge

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

// history writes one record again and again, in parts as small as there are partitions
// for several of them, and has what each write left.
type history struct {
	t    require.TestingT
	step partition.Step
	base *pb.Part // its data is whole
	// writes are the messages of each write, and records what it wrote, as the key has it.
	writes  [][]named
	records []partition.Assignment
}

func (h *history) part(p *pb.Part) named {
	n, err := part("asg.w", p)
	require.NoError(h.t, err)
	return n
}

// cut makes parts of a record from an index on.
func (h *history) cut(index int, whole *pb.Part, count int) (list []named) {
	size := (len(whole.Data) + count - 1) / count
	for i := range count {
		p := proto.Clone(whole).(*pb.Part)
		p.Count, p.Index = uint32(index+count), uint32(index+i)
		p.Data = whole.Data[min(i*size, len(whole.Data)):min((i+1)*size, len(whole.Data))]
		list = append(list, h.part(p))
	}
	return list
}

// write is one more: whole, as a base, or as what has changed since the base.
func (h *history) write(how string, parts, gone int) {
	h.step++
	a := owns(12)
	a.Step, a.Owned = h.step, a.Owned[gone:]
	for i := range a.Owned {
		a.Owned[i].Token, a.Owned[i].Entered = partition.Token(h.step), 1
	}
	data, step, err := encode(a)
	require.NoError(h.t, err)
	whole := &pb.Part{Step: step, Digest: digestOf(data), Data: data}
	var list []named
	switch {
	case how == "whole":
		list, h.base = h.cut(0, whole, parts), nil
	case how == "base" || h.base == nil:
		h.base = whole
		list = h.cut(1, whole, parts)
		fallthrough
	default:
		list = append(list, h.part(&pb.Part{Step: step, Digest: whole.Digest, Count: 1, Data: deltaOf(h.base.Data, data, 1<<20), Base: h.base.Digest}))
	}
	h.writes, h.records = append(h.writes, list), append(h.records, a)
}

// Whoever sees some messages of some writes, in whatever order, and of each subject never
// an older one after a newer, has one of the records that were written, or none: parts of
// different ones, and a delta and what is not its base, are never put together. Who has
// seen all has the last.
func TestPieces_AreNeverMixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{t: t, step: 100}
		for range rapid.IntRange(1, 6).Draw(t, "writes") {
			how := rapid.SampledFrom([]string{"whole", "base", "change", "change"}).Draw(t, "how")
			h.write(how, rapid.IntRange(1, 4).Draw(t, "parts"), rapid.IntRange(0, 3).Draw(t, "gone"))
		}
		var sights []Sight
		written := map[uint64]partition.Assignment{} // by the revision of part 0
		for i, list := range h.writes {
			for _, m := range list {
				sights = append(sights, Sight{Subject: m.name, Sequence: uint64(len(sights) + 1), Data: m.data})
				if m.name == partName("asg.w", 0) {
					written[uint64(len(sights))] = h.records[i]
				}
			}
		}
		e := newEntries("")
		see := func(s Sight) (last messages.Entry) {
			got, told := e.add(s)
			if told {
				require.Empty(t, got.Fault)
				require.Equal(t, written[uint64(got.Revision)], got.Record, fmt.Sprint("at ", got.Revision))
				last = got
			}
			return last
		}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(sights)-1), 0, 20).Draw(t, "seen") {
			see(sights[i])
		}
		var last messages.Entry
		for _, s := range sights {
			if got := see(s); got.Record != nil {
				last = got
			}
		}
		if last.Record != nil { // otherwise it was told before
			require.Equal(t, h.records[len(h.records)-1], last.Record)
		}
		require.EqualValues(t, e.partial["asg.w"].revision(), e.revisions["asg.w"])
		got, err := e.partial["asg.w"].join()
		require.NoError(t, err)
		want, _, err := encode(h.records[len(h.records)-1])
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// Who changes how a delta is written, or read, has changed it for builds of before, too.
func TestBases_GoldenDelta(t *testing.T) {
	a := steps(50)
	b := bases{}
	whole, base, err := b.split(blind(a[0]), true)
	require.NoError(t, err)
	b.keep([]*left{base}, 1)
	delta, _, err := b.split(blind(a[1]), true)
	require.NoError(t, err)
	written := map[string][]byte{whole[0].name: whole[0].data, delta[0].name: delta[0].data}
	stored := readGolden(t, "delta.txt")
	require.Equal(t, stored, written)
	e := newEntries("")
	for i, name := range []string{partName("asg.w", 1), partName("asg.w", 0)} {
		got, told := e.add(Sight{Subject: name, Sequence: uint64(i + 1), Data: stored[name]})
		require.Equal(t, i == 1, told)
		if told {
			require.Equal(t, a[1], got.Record)
		}
	}
}

// A part that mends what was told as a fault is told, at the same revision.
func TestBases_WhatMendsAFaultIsTold(t *testing.T) {
	a := steps(1000)
	data, step, err := encode(a[0])
	require.NoError(t, err)
	pieces, err := rebased("asg.w", step, data)
	require.NoError(t, err)
	e := newEntries("")
	see := func(part int, seq uint64, data []byte) (messages.Entry, bool) {
		return e.add(Sight{Subject: partName("asg.w", part), Sequence: seq, Data: data})
	}
	see(1, 5, []byte("\xff"))
	got, told := see(0, 11, pieces[1].data)
	require.True(t, told)
	require.NotEmpty(t, got.Fault)
	got, told = see(1, 10, pieces[0].data)
	require.True(t, told)
	require.Equal(t, a[0], got.Record)
	_, told = see(1, 9, pieces[0].data)
	require.False(t, told, "once")
}

func TestBases_WhatIsWrongWithTheBaseIsWrongWithTheRecord(t *testing.T) {
	a := steps(1000)
	written := func(a partition.Assignment) [2][]byte {
		data, step, err := encode(a)
		require.NoError(t, err)
		pieces, err := rebased("asg.w", step, data)
		require.NoError(t, err)
		return [2][]byte{pieces[1].data, pieces[0].data}
	}
	good, other := written(a[0]), written(a[2])
	flipped := append([]byte(nil), good[1]...)
	flipped[len(flipped)/2] ^= 1
	changed := &pb.Part{}
	require.NoError(t, proto.Unmarshal(good[0], changed))
	changed.Digest++
	foreign, err := proto.Marshal(changed)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		parts [2][]byte
		fault string
	}{
		"nothing":                   {good, ""},
		"it is not there":           {[2][]byte{good[0], nil}, errIncomplete.Error()},
		"it is another's":           {[2][]byte{good[0], other[1]}, errIncomplete.Error()},
		"a bit of it":               {[2][]byte{good[0], flipped}, errDigest.Error()},
		"it is no part":             {[2][]byte{good[0], []byte("\xff")}, "cannot parse"},
		"what is made of it":        {[2][]byte{foreign, good[1]}, errDigest.Error()},
		"it is of a schema to come": {[2][]byte{good[0], ofSchema(good[1], 2)}, "it has schema 2"},
	} {
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			e, found := newEntries(""), map[messages.Key]messages.Entry{}
			for _, i := range order {
				if c.parts[i] == nil {
					continue
				}
				if got, told := e.add(Sight{Subject: partName("asg.w", i), Sequence: uint64(10 + i), Data: c.parts[i]}); told {
					found[got.Key] = got
				}
			}
			e.torn(found)
			got := found["asg.w"]
			require.EqualValues(t, 10, got.Revision, name)
			require.Equal(t, c.fault == "", got.Record != nil, name)
			require.Contains(t, got.Fault, c.fault, name)
		}
	}
}

// A base in parts is wrong if one of them is.
func TestBases_WhatIsWrongWithAPartIsWrongWithTheRecord(t *testing.T) {
	h := &history{t: t}
	h.write("base", 3, 0)
	h.write("base", 3, 1)
	good, other := h.writes[0], h.writes[1]
	flipped := append([]byte(nil), good[2].data...)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		last  []byte
		fault string
	}{
		"nothing":         {good[2].data, ""},
		"it is not there": {nil, errIncomplete.Error()},
		"it is another's": {other[2].data, errIncomplete.Error()},
		"a bit of it":     {flipped, errDigest.Error()},
		"it is no part":   {[]byte("\xff"), "cannot parse"},
	} {
		for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}} {
			e, found := newEntries(""), map[messages.Key]messages.Entry{}
			for _, i := range order {
				s := Sight{Subject: good[i].name, Sequence: uint64(10 + i), Data: good[i].data}
				if i == 2 {
					s.Data = c.last
				}
				if s.Data == nil {
					continue
				}
				if got, told := e.add(s); told {
					found[got.Key] = got
				}
			}
			e.torn(found)
			require.EqualValues(t, 13, found["asg.w"].Revision, name)
			require.Equal(t, c.fault == "", found["asg.w"].Record != nil, name)
			require.Contains(t, found["asg.w"].Fault, c.fault, name)
		}
	}
}
