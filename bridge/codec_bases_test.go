package bridge

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
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

// Somebody writes over the base of an assignment, or over one of its parts: it is nobody's
// condition any more, and the next write of the assignment is whole.
func TestBases_WhatIsWrittenIsWhatMoves(t *testing.T) {
	for name, c := range map[string]struct{ partitions, parts int }{"one part": {1000, 1}, "two parts": {20_000, 2}} {
		t.Run(name, func(t *testing.T) { writesWhatMoves(t, steps(c.partitions), c.parts) })
	}
}

func writesWhatMoves(t *testing.T, a [3]partition.Assignment, parts int) {
	nc := connect(t, startServer(t, embedded.Config{}))
	v := visit(t, NATS(nc, plain()))
	incarnation := hear[messages.StoreOpened](v).Incarnation
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
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
		v.ask(messages.Read{Round: 99, Keys: []messages.Key{messages.AllAssignments, key}})
		read := hear[messages.ReadDone](v).Entries
		require.Len(t, read, 2)
		for _, e := range read { // listed, and named
			e.Time = entry.Time
			require.Equal(t, entry, e)
		}
	}
	write(a[0])
	seen(a[0])
	base := last(partName("asg.w", parts))
	for _, next := range a[1:] {
		write(next)
		seen(next)
		require.Less(t, len(last("asg.w.0").Data), len(bytesOf(t, next))/10)
	}
	require.Equal(t, base.Sequence, last(partName("asg.w", parts)).Sequence, "the base is not written again")

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
		"no room":        blind(other),
		"small":          blind(owns(10)),
		"on a condition": {Key: messages.KeyAssignment("w"), Record: other, Expect: 3},
		"of a head":      {Key: messages.KeyHead, Record: partition.Head{Nonce: "n", Seats: make([]partition.Seat, 1000)}, Expect: 3},
	} {
		clear(b)
		whole, err := split(w.Key, w.Record)
		require.NoError(t, err)
		pieces, base := write(w, name != "no room")
		require.Nil(t, base, name)
		require.Equal(t, whole, pieces, name)
	}
}

// A base in parts stays as long as nobody writes to any of them: each write rests on the
// one before.
func TestBases_InParts(t *testing.T) {
	a := steps(20_000)
	key := messages.KeyAssignment("w")
	o := &outside{stream: stream{phase: open, prefix: "$KV.g.i."}}
	c := &client{bases: bases{}}
	compose := func(a partition.Assignment) *op {
		x := &op{client: c, ask: messages.Store{Writes: []messages.Write{
			{Key: messages.KeyHead, Record: partition.Head{Nonce: "n"}, Expect: 3}, blind(a), blind(partition.Assignment{Session: "s"}),
		}}}
		x.ask.Writes[2].Key = messages.KeyAssignment("v")
		require.NoError(t, o.compose(x))
		return x
	}
	x := compose(a[0])
	require.Len(t, x.batch, 5, "two parts and no change")
	require.Equal(t, []int{0, 3, 4}, x.first)
	for i, index := range []int{1, 2, 0} {
		require.Equal(t, "$KV.g.i."+partName("asg.w", index), x.batch[1+i].Subject)
		p, err := readPart(index, x.batch[1+i].Data)
		require.NoError(t, err)
		require.EqualValues(t, []int{1, 3, 3}[index], p.GetCount(), "a base says how many it ends before, as other parts do")
	}
	c.bases.keep(x.bases, 100)
	for i, rest := range []uint64{103, 201} {
		x = compose(a[i+1])
		require.Len(t, x.batch, 3)
		require.Equal(t, &Expectation{Subject: "$KV.g.i.asg.w.*", Sequence: rest}, x.batch[1].Expect)
		require.Equal(t, []int{0, 1, 2}, x.first)
		require.EqualValues(t, 3, x.least, "that of the head")
		c.bases.keep(x.bases, 200+uint64(100*i))
	}

	// What is too much for one message is written whole, and so is what repeats too much.
	rows := bytesOf(t, a[0])
	small := base{data: rows[:5000], digest: 1, revision: 7}
	for _, data := range [][]byte{slices.Repeat(rows[:4000], 200), slices.Concat(rows, rows[:10])} {
		p, err := small.change(key, 1, data)
		require.NoError(t, err)
		require.Nil(t, p)
	}
	p, err := small.change(key, 1, slices.Repeat(rows[:4000], 100))
	require.NoError(t, err)
	require.Len(t, p, 1)
	large := base{data: slices.Repeat(rows, 6), digest: 1, revision: 7}
	p, err = large.change(key, 1, slices.Concat(large.data, bytesOf(t, owns(21_000))[1000:]))
	require.NoError(t, err)
	require.Len(t, p, 1)
	fresh := make([]byte, maxPart+1)
	_, _ = rand.New(rand.NewSource(1)).Read(fresh)
	p, err = large.change(key, 1, slices.Concat(large.data, fresh))
	require.NoError(t, err)
	require.Nil(t, p, "a fifth of it, but too much for a message")
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
