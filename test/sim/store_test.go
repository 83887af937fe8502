package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

func config(incarnation string) bridge.StreamConfig {
	return bridge.StreamConfig{
		Name: "KV_g", Subjects: []string{"$KV.g." + incarnation + ".>"}, Incarnation: incarnation,
		Replicas: 1, MaxPerSubject: 1, AllowAtomic: true, MaxBytes: -1,
	}
}

func msg(subject, data string, expect ...uint64) bridge.Message {
	m := bridge.Message{Subject: subject, Data: []byte(data)}
	if len(expect) > 0 {
		m.Expect = &bridge.Expectation{Subject: subject, Sequence: expect[0]}
	}
	return m
}

func newStore(t *testing.T) (*Store, *Timeline) {
	line := &Timeline{}
	s := NewStore(line)
	require.Equal(t, bridge.Accepted, s.Create(config("A")).Outcome)
	return s, line
}

func (s *Store) put(batch ...bridge.Message) bridge.Result { return s.Publish("w1", 0, batch) }

func TestStoreComparesAndSets(t *testing.T) {
	s, _ := newStore(t)
	require.Equal(t, uint64(1), s.put(msg("$KV.g.A.x", "1", 0)).Sequence)
	require.Equal(t, uint64(2), s.put(msg("$KV.g.A.y", "1", 0)).Sequence, "sequences count the whole stream")
	r := s.put(msg("$KV.g.A.x", "2", 0))
	require.Equal(t, bridge.Refused, r.Outcome)
	require.Equal(t, bridge.CodeWrongSequence, r.Code)
	require.True(t, r.HasLast)
	require.Equal(t, uint64(1), r.Last)
	require.Equal(t, uint64(3), s.put(msg("$KV.g.A.x", "2", 1)).Sequence, "a refused write takes no sequence")
	require.Equal(t, "2", string(s.Get("KV_g", "$KV.g.A.x", 0).Data))
	require.Equal(t, "1", string(s.Get("KV_g", "$KV.g.A.x", 1).Data), "a stale read")
	require.Equal(t, uint64(0), s.Get("KV_g", "$KV.g.A.none", 0).Sequence)
	require.Len(t, s.Present("KV_g", "$KV.g.A.>"), 2)
}

func TestStoreFences(t *testing.T) {
	s, _ := newStore(t)
	require.Equal(t, uint64(1), s.put(msg("$KV.g.A.term", "1", 0)).Sequence)
	fenced := msg("$KV.g.A.head.0", "a")
	fenced.Expect = &bridge.Expectation{Subject: "$KV.g.A.term", Sequence: 1}
	require.Equal(t, bridge.Accepted, s.put(fenced).Outcome)
	require.Equal(t, bridge.Accepted, s.put(msg("$KV.g.A.term", "2", 1)).Outcome)
	require.Equal(t, bridge.Refused, s.put(fenced).Outcome, "the term moved on")
}

func TestStoreBatchesLandWholeOrNotAtAll(t *testing.T) {
	s, _ := newStore(t)
	var commits []Commit
	s.Observe(func(c Commit) { commits = append(commits, c) })
	require.Equal(t, uint64(2), s.put(msg("$KV.g.A.a", "1", 0), msg("$KV.g.A.b", "1", 0)).Sequence)
	r := s.put(msg("$KV.g.A.c", "1", 0), msg("$KV.g.A.a", "2", 7))
	require.Equal(t, bridge.Refused, r.Outcome)
	require.Equal(t, uint64(0), s.Get("KV_g", "$KV.g.A.c", 0).Sequence)
	require.Equal(t, uint64(5), s.put(msg("$KV.g.A.a", "2", 1), msg("$KV.g.A.b", "2", 2), msg("$KV.g.A.c", "2")).Sequence)
	require.Len(t, commits, 2)
	require.Equal(t, uint64(3), commits[1].Messages[0].Sequence)
	require.Equal(t, uint64(5), commits[1].Messages[2].Sequence, "consecutive")
	many := make([]bridge.Message, 1001)
	for i := range many {
		many[i] = msg("$KV.g.A.a", "x")
	}
	require.Equal(t, bridge.Refused, s.put(many...).Outcome)
}

func TestStoreIncarnations(t *testing.T) {
	s, line := newStore(t)
	require.Equal(t, bridge.Accepted, s.Create(config("A")).Outcome, "it is there already")
	require.Equal(t, bridge.CodeStreamExists, s.Create(config("B")).Code)
	s.put(msg("$KV.g.A.x", "1"))
	require.Equal(t, uint64(1), s.Info("KV_g").Last)
	require.True(t, s.Delete("KV_g", 0))
	require.Equal(t, bridge.CodeStreamNotFound, s.Info("KV_g").Result.Code)
	line.After(time.Second, NewScheduler(nil).Home(), Plans, func() {})
	line.Advance(time.Hour)
	require.Equal(t, bridge.Accepted, s.Create(config("B")).Outcome)
	require.Equal(t, bridge.Unknown, s.put(msg("$KV.g.A.x", "2", 1)).Outcome, "a write of the old incarnation finds no stream")
	require.Equal(t, uint64(1), s.put(msg("$KV.g.B.x", "1", 0)).Sequence, "sequences begin again")
	info := s.Info("KV_g")
	require.Equal(t, "B", info.Config.Incarnation)
	require.Equal(t, Epoch.Add(time.Second), info.Created)
}

// The files of a stream go with those of the former one if it is made while that is deleted.
func TestStoreMadeAnewWhileTheFormerIsDeleted(t *testing.T) {
	s, line := newStore(t)
	s.Delete("KV_g", time.Second)
	require.Equal(t, bridge.Accepted, s.CreateAnew(config("B")).Outcome)
	require.Equal(t, "B", s.Info("KV_g").Config.Incarnation)
	require.Equal(t, bridge.Unknown, s.put(msg("$KV.g.B.x", "1")).Outcome)
	line.After(time.Second, NewScheduler(nil).Home(), Plans, func() {})
	line.Advance(time.Hour)
	require.Equal(t, bridge.Unknown, s.put(msg("$KV.g.B.x", "1")).Outcome, "for good")
	require.True(t, s.Delete("KV_g", 0))
	require.False(t, s.Delete("KV_g", time.Second), "there is nothing to delete, and no file that could go")
	require.Equal(t, bridge.Accepted, s.CreateAnew(config("C")).Outcome)
	require.Equal(t, bridge.Accepted, s.put(msg("$KV.g.C.x", "1")).Outcome)
	require.Equal(t, bridge.Accepted, s.CreateAnew(config("C")).Outcome)
	require.Equal(t, bridge.CodeStreamExists, s.CreateAnew(config("D")).Code)
}

func TestStoreTapsEndWithTheStream(t *testing.T) {
	s, _ := newStore(t)
	var seen []string
	lost := 0
	stop, ok := s.Tap("KV_g", "$KV.g.A.live.*", func(m bridge.Sight) { seen = append(seen, m.Subject) }, func() { lost++ })
	require.True(t, ok)
	_, ok = s.Tap("KV_g", "$KV.g.A.>", func(bridge.Sight) {}, func() { lost++ })
	require.True(t, ok)
	s.put(msg("$KV.g.A.live.w", "1"), msg("$KV.g.A.asg.w.0", "1"))
	require.Equal(t, []string{"$KV.g.A.live.w"}, seen)
	stop()
	s.put(msg("$KV.g.A.live.w", "2"))
	require.Len(t, seen, 1)
	s.Restart()
	require.Equal(t, 1, lost, "the one that was not stopped")
	require.NotZero(t, s.Info("KV_g").Last, "a stream on disk survives")
	s.Delete("KV_g", 0)
	_, ok = s.Tap("KV_g", "$KV.g.A.>", func(bridge.Sight) {}, func() {})
	require.False(t, ok)
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		filter []string
		yes    []string
		no     []string
	}{
		{[]string{"a", "*"}, []string{"a.b"}, []string{"a", "a.b.c", "b.a"}},
		{[]string{"a", ">"}, []string{"a.b", "a.b.c"}, []string{"a", "b.c"}},
		{[]string{"a", "b"}, []string{"a.b"}, []string{"a", "a.c", "a.b.c"}},
	} {
		for _, s := range c.yes {
			require.True(t, matches(c.filter, s), "%v %s", c.filter, s)
		}
		for _, s := range c.no {
			require.False(t, matches(c.filter, s), "%v %s", c.filter, s)
		}
	}
}
