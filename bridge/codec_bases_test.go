package bridge

import (
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

func blind(a partition.Assignment) messages.Write {
	return messages.Write{Key: messages.KeyAssignment("w"), Record: a, Blind: true}
}

// steps are what an assignment of n partitions becomes in a hand-over.
func steps(n int) [3]partition.Assignment {
	a := owns(n)
	revoking, gone := gives(a, 11)
	return [3]partition.Assignment{a, revoking, gone}
}

// Somebody writes over the base of an assignment: it is nobody's condition any more,
// and the next write of the assignment is whole.
func TestBases_WhatIsWrittenIsWhatMoves(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	v := visit(t, NATS(nc, plain()))
	incarnation := hear[messages.StoreOpened](v).Incarnation
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), "KV_g")
	require.NoError(t, err)
	last := func(name string) *jetstream.RawStreamMsg {
		m, err := stream.GetLastMsgForSubject(t.Context(), "$KV.g."+incarnation+"."+name)
		require.NoError(t, err)
		return m
	}
	key := messages.KeyAssignment("w")
	v.ask(messages.Watch{Key: key})
	hear[messages.WatchSynced](v)
	write := func(a partition.Assignment) { v.ask(messages.Store{Writes: []messages.Write{blind(a)}}) }
	seen := func(a partition.Assignment) {
		t.Helper()
		var revision partition.Revision
		var entry messages.Entry
		for revision == 0 || entry.Revision == 0 { // in whichever order they come
			switch m := await(t, v.mail, "mail").(type) {
			case messages.Stored:
				revision = m.Revisions[0]
			case messages.Seen:
				entry = m.Entry
			}
		}
		require.EqualValues(t, last("asg.w.0").Sequence, revision, "that of part 0")
		require.Equal(t, a, entry.Record)
		require.Equal(t, revision, entry.Revision)
		v.ask(messages.Read{Round: 99, Keys: []messages.Key{messages.AllAssignments}})
		require.Equal(t, entry, hear[messages.ReadDone](v).Entries[0])
	}
	a := steps(1000)
	write(a[0])
	seen(a[0])
	base := last("asg.w.1")
	for _, next := range a[1:] {
		write(next)
		seen(next)
		require.Less(t, len(last("asg.w.0").Data), len(base.Data)/10)
	}
	require.Equal(t, base.Sequence, last("asg.w.1").Sequence, "the base is not written again")

	_, err = js.Publish(t.Context(), base.Subject, []byte("no part"))
	require.NoError(t, err)
	require.NotEmpty(t, hear[messages.Seen](v).Entry.Fault)
	again := a[0]
	again.Step = a[2].Step + 1
	write(again)
	hear[messages.Conflicted](v)
	write(again)
	seen(again)
}

// What became of a write is not known: nothing rests on what it would have left.
func TestBases_AreTakenByEachWrite(t *testing.T) {
	a := steps(1000)
	b := bases{}
	write := func(w messages.Write, room bool) ([]named, *left) {
		t.Helper()
		pieces, base, err := b.split(w, room)
		require.NoError(t, err)
		return pieces, base
	}
	pieces, base := write(blind(a[0]), true)
	require.Len(t, pieces, 2, "a base, and no change")
	b.keep([]*left{base}, 7)
	pieces, base = write(blind(a[1]), true)
	require.Len(t, pieces, 1)
	require.EqualValues(t, 7, pieces[0].rest)
	lost, _ := write(blind(a[1]), true)
	require.Len(t, lost, 2, "the one before is not answered")
	b.keep([]*left{base}, 100)
	pieces, base = write(blind(a[2]), true)
	require.EqualValues(t, 7, pieces[0].rest, "the base stays where it is")
	b.keep([]*left{base}, 200)

	other := owns(1000)
	for i := range other.Owned {
		other.Owned[i].Partition += "-of another kind"
	}
	pieces, base = write(blind(other), true)
	require.Len(t, pieces, 2, "too much has changed")
	b.keep([]*left{base}, 300)
	require.EqualValues(t, 300, b[messages.KeyAssignment("w")].revision)

	for name, w := range map[string]messages.Write{
		"no room":            blind(other),
		"small":              blind(owns(10)),
		"larger than a part": blind(owns(20_000)),
		"on a condition":     {Key: messages.KeyAssignment("w"), Record: other, Expect: 3},
		"of a head":          {Key: messages.KeyHead, Record: partition.Head{Nonce: "n", Seats: make([]partition.Seat, 1000)}, Expect: 3},
	} {
		clear(b)
		whole, err := split(w.Key, w.Record)
		require.NoError(t, err)
		pieces, base := write(w, name != "no room")
		require.Nil(t, base, name)
		require.Equal(t, whole, pieces, name)
	}
}

// A batch that is full has no room for bases, and one that is not full gives none that
// a record in parts has need of.
func TestBases_DoNotMakeABatchTooLarge(t *testing.T) {
	large, small := owns(20_000), owns(100)
	of := func(n int, records ...any) (writes []messages.Write) {
		for i := range n {
			w := messages.Write{Key: messages.KeyLive(partition.WorkerID(fmt.Sprint(i))), Record: partition.Live{Session: "s"}, Blind: true}
			if i < len(records) {
				w.Key, w.Record = messages.KeyAssignment(partition.WorkerID(fmt.Sprint(i))), records[i]
			}
			writes = append(writes, w)
		}
		return writes
	}
	many := slices.Repeat([]any{small}, 400)
	for name, c := range map[string]struct {
		writes   []messages.Write
		messages int // 0: too many
	}{
		"room for all":              {of(500, many...), 900},
		"room for some":             {of(800, many...), MaxBatch},
		"room for none":             {of(MaxBatch, many...), MaxBatch},
		"a record in parts at last": {append(of(799, many...), blind(large)), 801},
		"too many":                  {of(MaxBatch+1, many...), 0},
		"too many parts":            {append(of(MaxBatch-1), blind(large)), 0},
	} {
		o := &outside{stream: stream{phase: open, prefix: "$KV.g.i."}}
		x := &op{client: &client{bases: bases{}}, ask: messages.Store{Writes: c.writes}}
		err := o.compose(x)
		if c.messages == 0 {
			require.ErrorContains(t, err, "must have 1 to 1000", name)
			continue
		}
		require.NoError(t, err, name)
		require.Len(t, x.batch, c.messages, name)
		require.Len(t, x.first, len(c.writes), name)
		for i, w := range c.writes {
			require.Equal(t, x.prefix+partName(w.Key, 0), x.batch[x.first[i]].Subject, name)
		}
	}
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
