package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

var errBroken = errors.New("broken")

// live is the stored form of a heartbeat.
func (s *stand) live(beat uint64) []byte {
	return s.stored(messages.KeyLive("w"), partition.Live{Session: "s", Beat: beat})
}

// see lets the latest watch report something.
func (s *stand) see(synced bool, sights ...bridge.Sight) *watched {
	w := s.port.watches[len(s.port.watches)-1]
	w.each(bridge.Sights{Messages: sights, Synced: synced})
	s.settle()
	return w
}

func TestScripted_AWatchTellsWhatItSees(t *testing.T) {
	s := opened(t)
	data := s.live(1)
	s.ask(messages.Watch{Round: 5, Key: messages.AllLive})
	w := s.see(false, sight("live.w", 7, data))
	require.Equal(t, "$KV.g.one.live.*", w.filter)
	require.Equal(t, 1, w.nexts, "it may report again")
	e := heard[messages.Seen](s)
	require.EqualValues(t, 5, e.Round)
	require.EqualValues(t, 7, e.Entry.Revision)
	require.Equal(t, partition.Live{Session: "s", Beat: 1}, e.Entry.Record)
	s.see(true)
	require.EqualValues(t, 5, heard[messages.WatchSynced](s).Round)
	s.see(true, sight("live.w", 6, data), sight("live.x", 8, nil), sight("live.y", 9, []byte{0xff}))
	require.Equal(t, "record live.x at revision 8: it was deleted by somebody", heard[messages.Seen](s).Entry.Fault)
	require.Contains(t, heard[messages.Seen](s).Entry.Fault, "live.y at revision 9")
	require.Empty(t, s.mail, "what is older than what was told is dropped, and synced is told once")
}

func TestScripted_AskedAgainAWatchTellsAllAnew(t *testing.T) {
	s := opened(t)
	data := s.live(1)
	s.ask(messages.Watch{Round: 1, Key: messages.AllLive})
	first := s.see(true, sight("live.w", 7, data))
	s.ask(messages.Watch{Round: 2, Key: messages.AllLive})
	require.True(t, first.stopped)
	first.each(bridge.Sights{Messages: []bridge.Sight{sight("live.w", 8, data)}})
	s.settle()
	s.see(true, sight("live.w", 7, data))
	heard[messages.Seen](s)
	heard[messages.WatchSynced](s)
	require.EqualValues(t, 2, heard[messages.Seen](s).Round)
	heard[messages.WatchSynced](s)
	require.Empty(t, s.mail)
	s.ask(messages.Unwatch{Key: messages.AllLive})
	require.True(t, s.port.watches[1].stopped)
}

// hazards 23 and 24
func TestN11_AWatchThatIsGoneIsBegunAgainAndNamesWhatIsMissing(t *testing.T) {
	s := opened(t)
	data := s.live(1)
	s.ask(messages.Watch{Round: 1, Key: messages.AllLive})
	s.see(true, sight("live.w", 7, data), sight("live.x", 8, data))
	s.mail = nil
	s.port.watches[0].gone(errBroken)
	s.settle()
	require.Empty(t, s.mail, "its end says nothing about what exists")
	s.pass(100*time.Millisecond - 1)
	require.Len(t, s.port.watches, 1)
	s.pass(100 * time.Millisecond)
	require.Len(t, s.port.watches, 2)
	s.see(true, sight("live.w", 7, data))
	require.EqualValues(t, 7, heard[messages.Seen](s).Entry.Revision)
	require.Equal(t, []messages.Key{"live.x"}, heard[messages.WatchSynced](s).Missing)
}

func TestN17_AWatchThatIsNeverThereIsTriedLessAndLess(t *testing.T) {
	s := opened(t)
	s.ask(messages.Watch{Round: 1, Key: messages.AllLive})
	var waits []time.Duration
	for range 12 {
		from, known := s.line.Now(), len(s.port.watches)
		s.port.watches[known-1].gone(errBroken)
		s.settle()
		for len(s.port.watches) == known {
			if s.wondering() {
				s.inform(fitting("one"))
			}
			require.True(t, s.line.Advance(s.line.Now()+31*time.Second))
			s.settle()
		}
		waits = append(waits, s.line.Now()-from)
	}
	require.GreaterOrEqual(t, waits[0], 100*time.Millisecond)
	require.LessOrEqual(t, waits[0], 200*time.Millisecond)
	require.Greater(t, waits[11], 10*time.Second)
	require.LessOrEqual(t, waits[11], 30*time.Second)
}

func TestScripted_AfterAReconnectEveryWatchBeginsAgain(t *testing.T) {
	s := opened(t)
	s.ask(messages.Watch{Round: 1, Key: messages.AllLive})
	s.ask(messages.Watch{Round: 2, Key: messages.KeyLead})
	infos := len(s.port.infos)
	s.port.each(bridge.Reconnected)
	s.settle()
	s.pass(time.Second)
	require.Len(t, s.port.watches, 4)
	require.True(t, s.port.watches[0].stopped)
	require.True(t, s.port.watches[1].stopped)
	require.Greater(t, len(s.port.infos), infos, "the stream may be another one")
}

// hazard 26
func TestN9_AWatchThatFellSilentIsNoticed(t *testing.T) {
	s := buildPolling(t, config(), time.Second)
	s.inform(fitting("one"))
	heard[messages.StoreOpened](s)
	data := s.live(1)
	s.ask(messages.Watch{Round: 1, Key: messages.KeyLive("w")})
	s.see(true, sight("live.w", 7, data))
	probe := func() {
		n := len(s.port.asked)
		s.pass(time.Second)
		require.Len(t, s.port.asked, n+1)
		require.Equal(t, "$KV.g.one.live.w", s.last().op.Get)
	}
	for range 2 {
		probe()
		s.answer(s.last(), bridge.Result{Sequence: 7, Data: data})
	}
	require.Len(t, s.port.watches, 1, "it told all that there is")
	for range 2 {
		require.Len(t, s.port.watches, 1, "one probe may overtake what is on its way")
		probe()
		s.answer(s.last(), bridge.Result{Sequence: 9, Data: data})
	}
	require.Len(t, s.port.watches, 2)
	require.True(t, s.port.watches[0].stopped)
}

// On a busy machine a watch is always behind a record that changes often, and takes
// long to begin. One that were begun again for that would be behind for ever.
//
// hazard 26
func TestScripted_AWatchThatIsSlowIsLeftAlone(t *testing.T) {
	const poll = timeout / 4
	s := buildPolling(t, config(), poll)
	s.inform(fitting("one"))
	data := s.live(1)
	s.ask(messages.Watch{Round: 1, Key: messages.KeyLive("w")})
	probe := func(stored uint64) {
		n := len(s.port.asked)
		s.pass(poll)
		require.Len(t, s.port.asked, n+1)
		s.answer(s.last(), bridge.Result{Sequence: stored, Data: data})
	}
	for stored := range uint64(3) {
		probe(10 + stored)
	}
	require.Len(t, s.port.watches, 1, "it has the store's timeout to begin")
	s.see(true, sight("live.w", 12, data))
	for stored := uint64(20); stored < 50; stored += 10 {
		probe(stored)
		s.see(false, sight("live.w", stored, data))
	}
	probe(50)
	require.Len(t, s.port.watches, 1, "what the probe before has found was told")
	probe(51)
	require.Len(t, s.port.watches, 2, "now it was not")
	for range 4 {
		probe(51)
	}
	require.Len(t, s.port.watches, 2)
	probe(51)
	require.Len(t, s.port.watches, 3, "it has not begun within the store's timeout")
}

// A watch that failed for so long that it waits for many seconds is begun again as soon
// as its record can be got, or at once after a reconnect, and then waits little again:
// what a worker is granted meanwhile it would not hear of, while it is thought well.
//
// hazard 26
func TestScripted_AWatchWaitsNoLongerThanItsRecordIsAway(t *testing.T) {
	deaf := func(t *testing.T, poll time.Duration) *stand {
		s := buildPolling(t, config(), poll)
		s.inform(fitting("one"))
		s.ask(messages.Watch{Round: 1, Key: messages.KeyLive("w")})
		s.failing(9)
		return s
	}
	t.Run("the record is got", func(t *testing.T) {
		s := deaf(t, time.Second)
		known := len(s.port.watches)
		s.pass(time.Second)
		s.answer(s.last(), bridge.Result{Outcome: bridge.Unknown, Err: errBroken})
		require.Len(t, s.port.watches, known, "the store is away")
		s.pass(time.Second)
		s.answer(s.last(), bridge.Result{Sequence: 7, Data: s.live(1)})
		require.Len(t, s.port.watches, known+1)
		s.pass(time.Minute)
		require.Len(t, s.port.watches, known+1, "what was planned before is over")
	})
	t.Run("a reconnect", func(t *testing.T) {
		s := deaf(t, time.Hour)
		known := len(s.port.watches)
		s.port.each(bridge.Reconnected)
		s.settle()
		s.pass(leastWait)
		require.Len(t, s.port.watches, known+1)
		s.failing(1)
		s.pass(2 * leastWait)
		require.Len(t, s.port.watches, known+2)
	})
}

// leastWait is the most that a watch waits which is begun again for the first time.
const leastWait = 100 * time.Millisecond

// failing has the latest watch end, and each that follows, so many times.
func (s *stand) failing(times int) {
	s.t.Helper()
	for n := range times {
		known := len(s.port.watches)
		s.port.watches[known-1].gone(errBroken)
		s.settle()
		for n < times-1 && len(s.port.watches) == known {
			require.True(s.t, s.line.Advance(s.line.Now()+31*time.Second))
			s.settle()
		}
	}
}
