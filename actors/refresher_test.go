package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// counter is a refresher among probes: the parent is its manager.
type counter struct {
	*play
	outside, user *probe
	pid           *actor.PID
}

func newCounter(t *testing.T, session partition.SessionID, count uint64) *counter {
	d := &counter{play: newPlay(t)}
	d.outside, d.user = d.probe("outside"), d.probe("user")
	d.pid = d.child(refresherProps(refresherConfig{
		settings: partition.Default(), outside: d.outside.pid, session: session, count: count,
	}), "refresher-1")
	return d
}

func (d *counter) ask(m messages.RefreshPartitions) {
	d.system.Root.RequestWithCustomSender(d.pid, m, d.user.pid)
	d.drain()
}

// look lets the refresher read the head, which has served so much of the session.
func (d *counter) look(version partition.Version, session partition.SessionID, served uint64) (after time.Duration) {
	d.t.Helper()
	r := remindOf[headDue](d.t, d.outside)
	d.tell(d.pid, r.Mail)
	q := heard[messages.Read](d.t, d.outside)
	require.Equal(d.t, []messages.Key{messages.KeyHead}, q.Keys)
	head := partition.Head{Version: version, Seats: []partition.Seat{{Session: "another", Refresh: 9}, {Session: session, Refresh: served}}}
	d.tell(d.pid, messages.ReadDone{Round: q.Round, Entries: []messages.Entry{{Key: messages.KeyHead, Revision: 1, Record: head}}})
	return r.After
}

func TestRefresher_AnswersWithTheVersion(t *testing.T) {
	d := newCounter(t, "s", 4)
	d.ask(messages.RefreshPartitions{})
	require.Equal(t, refreshCounted{"s", 5}, heard[refreshCounted](t, d.parent))
	d.ask(messages.RefreshPartitions{})
	require.Equal(t, refreshCounted{"s", 6}, heard[refreshCounted](t, d.parent))
	require.Equal(t, retryDelay, d.look(7, "s", 4))
	unheard[messages.Refreshed](t, d.user)
	require.Equal(t, 2*retryDelay, d.look(8, "s", 5), "it looks less often")
	require.Equal(t, messages.Refreshed{Version: 8}, heard[messages.Refreshed](t, d.user))
	unheard[messages.Refreshed](t, d.user)
	d.look(9, "s", 6)
	require.Equal(t, messages.Refreshed{Version: 9}, heard[messages.Refreshed](t, d.user))
	d.outside.forget()
	d.ask(messages.RefreshPartitions{})
	require.Equal(t, retryDelay, remindOf[headDue](t, d.outside).After, "and soon again for the next one")
}

// What waits is the first request of a new session, whose count begins anew.
func TestRefresher_NewSession(t *testing.T) {
	d := newCounter(t, "", 0)
	d.ask(messages.RefreshPartitions{})
	d.ask(messages.RefreshPartitions{})
	unheard[refreshCounted](t, d.parent)
	d.tell(d.pid, remindOf[headDue](t, d.outside).Mail)
	unheard[messages.Read](t, d.outside) // nothing can be served without a session
	d.tell(d.pid, sessionIs{"s1"})
	require.Equal(t, refreshCounted{"s1", 1}, heard[refreshCounted](t, d.parent))
	d.tell(d.pid, sessionIs{})
	d.ask(messages.RefreshPartitions{})
	d.tell(d.pid, sessionIs{"s2"})
	require.Equal(t, refreshCounted{"s2", 1}, heard[refreshCounted](t, d.parent))
	d.look(3, "s1", 5)
	unheard[messages.Refreshed](t, d.user)
	d.look(3, "s2", 1)
	for range 3 {
		heard[messages.Refreshed](t, d.user)
	}
	d.tell(d.pid, sessionIs{"s3"})
	unheard[refreshCounted](t, d.parent) // nobody waits
}

func TestRefresher_ReadsUntilItWorks(t *testing.T) {
	d := newCounter(t, "s", 0)
	d.ask(messages.RefreshPartitions{})
	for range 3 {
		d.tell(d.pid, remindOf[headDue](t, d.outside).Mail)
		q := heard[messages.Read](t, d.outside)
		d.tell(d.pid, messages.ReadFailed{Round: q.Round - 1})
		d.tell(d.pid, messages.ReadFailed{Round: q.Round})
	}
	d.tell(d.pid, remindOf[headDue](t, d.outside).Mail)
	q := heard[messages.Read](t, d.outside)
	d.tell(d.pid, messages.ReadDone{Round: q.Round, Entries: []messages.Entry{{Key: messages.KeyHead}}}) // there is none yet
	d.look(1, "s", 1)
	heard[messages.Refreshed](t, d.user)
}

func TestRefresher_SaysWhenItTakesTooLong(t *testing.T) {
	d := newCounter(t, "s", 0)
	d.ask(messages.RefreshPartitions{Within: time.Second})
	late := remindOf[unservedIn](t, d.outside)
	require.Equal(t, time.Second, late.After)
	d.ask(messages.RefreshPartitions{})
	second := remindOf[unservedIn](t, d.outside)
	require.Greater(t, second.After, partition.Default().SourceTimeout+partition.Default().RevokeTimeout)
	d.tell(d.pid, late.Mail)
	require.Equal(t, unserved{d.user.pid}, heard[unserved](t, d.parent), "the manager knows why")
	d.look(5, "s", 2)
	heard[messages.Refreshed](t, d.user)
	unheard[messages.Refreshed](t, d.user)
	d.tell(d.pid, second.Mail)
	unheard[unserved](t, d.parent)
}

func TestRefresher_LimitAndEnd(t *testing.T) {
	d := newCounter(t, "", 0)
	for range maxAsked {
		d.ask(messages.RefreshPartitions{})
	}
	unheard[messages.Refreshed](t, d.user)
	d.ask(messages.RefreshPartitions{})
	require.Equal(t, "too many requests are waiting", heard[messages.Refreshed](t, d.user).Reason)
	d.system.Root.Stop(d.pid)
	d.drain()
	for range maxAsked {
		require.Equal(t, isStopping, heard[messages.Refreshed](t, d.user).Reason)
	}
}

func TestManager_Refresh(t *testing.T) {
	f := newFirm(t, nil)
	f.ask(messages.RefreshPartitions{})
	f.say(opened, began, led, first)
	f.tell(f.pid, refreshCounted{f.snapshot().Session, 2})
	f.tell(f.pid, unserved{f.user.pid})
	require.Equal(t, "the leader worker-9 has not served it yet", heard[messages.Refreshed](t, f.user).Reason)
	f.say(messages.LeaderKnown{})
	f.tell(f.pid, unserved{f.user.pid})
	require.Equal(t, "nobody leads", heard[messages.Refreshed](t, f.user).Reason)
	f.say(doubt)
	f.tell(f.pid, unserved{f.user.pid})
	require.Equal(t, "the store cannot be used", heard[messages.Refreshed](t, f.user).Reason)
	f.tell(f.pid, unserved{}) // nobody to tell
	for _, mail := range []any{messages.Stop{}, messages.RefreshPartitions{}} {
		f.system.Root.RequestWithCustomSender(f.pid, mail, f.user.pid)
	}
	f.drain()
	for range 2 { // whoever waits is told, and whoever asks later
		require.Equal(t, isStopping, heard[messages.Refreshed](t, f.user).Reason)
	}
}
