package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestPoller_AnAnswerThatNeverComesEndsNoRhythm(t *testing.T) {
	p := newPlay(t)
	outside, debouncer := p.probe("outside"), p.probe("debouncer")
	pid := p.child(pollerProps(partition.Default(), outside.pid, debouncer.pid), "poller")
	first := heard[messages.Read](t, outside)
	due := heard[messages.Remind](t, outside)
	require.Equal(t, partition.Default().PollInterval, due.After)

	p.tell(pid, due.Mail) // and no answer came
	second := heard[messages.Read](t, outside)
	p.tell(pid, due.Mail)
	unheard[messages.Read](t, outside) // it is over
	p.tell(pid, messages.ReadFailed{Round: first.Round, At: p.now})
	p.tell(pid, messages.ReadDone{Round: second.Round, At: p.now})
	require.True(t, heard[messages.Sighted](t, debouncer).Complete)

	p.tell(pid, heard[messages.Remind](t, outside).Mail)
	third := heard[messages.Read](t, outside)
	p.tell(pid, messages.ReadFailed{Round: third.Round, At: p.now})
	unheard[messages.Sighted](t, debouncer)
	p.tell(pid, heard[messages.Remind](t, outside).Mail)
	heard[messages.Read](t, outside)
}

// A store that is slow is not asked again before its time is over.
func TestPoller_ListsDoNotPileUp(t *testing.T) {
	p := newPlay(t)
	outside, debouncer := p.probe("outside"), p.probe("debouncer")
	s := partition.Default()
	s.StoreTimeout = 3 * s.PollInterval
	pid := p.child(pollerProps(s, outside.pid, debouncer.pid), "poller")
	heard[messages.Read](t, outside)
	for range 2 {
		p.tell(pid, heard[messages.Remind](t, outside).Mail)
		unheard[messages.Read](t, outside)
	}
	p.tell(pid, heard[messages.Remind](t, outside).Mail)
	heard[messages.Read](t, outside)
	p.tell(pid, heard[messages.Remind](t, outside).Mail)
	unheard[messages.Read](t, outside)
}

func TestWatcher_TellsWhatTheWatchSees(t *testing.T) {
	p := newPlay(t)
	outside, debouncer := p.probe("outside"), p.probe("debouncer")
	pid := p.child(watcherProps(outside.pid, debouncer.pid), "watcher")
	require.Equal(t, messages.AllLive, heard[messages.Watch](t, outside).Key)
	entry := messages.Entry{Key: messages.KeyLive("worker-1"), Revision: 3, Record: partition.Live{Session: "s"}}
	p.tell(pid, messages.Seen{Entry: entry, At: p.now})
	require.Equal(t, messages.Sighted{Entries: []messages.Entry{entry}, At: p.now}, heard[messages.Sighted](t, debouncer))
	p.tell(pid, messages.WatchSynced{At: p.now})
	require.Equal(t, messages.Sighted{Complete: true, At: p.now}, heard[messages.Sighted](t, debouncer))
}
