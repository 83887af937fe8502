package actors

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// archive is a historian among probes.
type archive struct {
	*play
	outside, user *probe
	pid           *actor.PID
}

func newArchive(t *testing.T) *archive {
	a := &archive{play: newPlay(t)}
	a.outside, a.user = a.probe("outside"), a.probe("user")
	a.pid = a.child(historianProps(a.outside.pid), "historian-1")
	return a
}

func (a *archive) ask(q messages.Inquiry) {
	q.From = a.user.pid
	a.tell(a.pid, q)
}

func (a *archive) answer(entries ...messages.Entry) []messages.Key {
	a.t.Helper()
	q := heard[messages.Read](a.t, a.outside)
	a.tell(a.pid, messages.ReadDone{Round: q.Round, Entries: entries, At: a.now})
	return q.Keys
}

// settled are the records of settledGroup, whose owner has written live.
func settledEntries(live partition.Live) []messages.Entry {
	h, asg := settledGroup()
	return []messages.Entry{
		{Key: messages.KeyHead, Revision: 9, Record: h},
		{Key: messages.KeyAssignment("worker-0"), Revision: 9, Record: asg["worker-0"]},
		{Key: messages.KeyLive("worker-0"), Revision: 8, Record: live},
		{Key: messages.KeyLive("worker-1"), Revision: 7, Fault: "it cannot be read"},
	}
}

func TestHistorian_Why(t *testing.T) {
	a := newArchive(t)
	a.ask(messages.Inquiry{Question: messages.Why{Partition: "p"}, Leader: "worker-1"})
	require.Equal(t, []messages.Key{messages.KeyHead, messages.AllAssignments, messages.AllLive}, a.answer(settledEntries(partition.Live{Session: "s0", Applied: 3})...))
	require.Equal(t, []messages.Key{"journal.3"}, a.answer(messages.Entry{Key: "journal.3", Revision: 9, Record: partition.Journal{
		Step: 3, Cause: "join", Moves: []partition.Move{{Partition: "p", To: "worker-0", Why: "over the band"}},
	}}))
	b := heard[messages.Because](t, a.user)
	require.Equal(t, partition.WorkerID("worker-0"), b.Owner)
	require.Equal(t, "join", b.Granted.Cause)
	require.Equal(t, "over the band", b.Move.Why)
	require.Empty(t, b.Waits)
	require.Equal(t, partition.WorkerID("worker-1"), b.Leader)

	a.ask(messages.Inquiry{Question: messages.Why{Partition: "p"}})
	a.answer(settledEntries(partition.Live{Session: "s0", Applied: 2})...)
	a.answer(messages.Entry{Key: "journal.3", Revision: 99, Record: partition.Journal{Step: 1003}})
	b = heard[messages.Because](t, a.user)
	require.Zero(t, b.Granted, "the place has a later step")
	require.Equal(t, []string{
		"worker-0 has not acknowledged step 3 yet (it applied 2 at revision 8)", "nobody leads, as far as this worker knows",
	}, b.Waits)
}

// What only a leader knows is in its own answers; others say whom to ask.
func TestHistorian_WhyNobodyHasIt(t *testing.T) {
	for name, c := range map[string]struct {
		asked messages.Inquiry
		waits []string
	}{
		"a follower":             {messages.Inquiry{Leader: "worker-1"}, []string{"nobody owns it", "only the leader, worker-1, knows whether somebody may have it"}},
		"nobody leads":           {messages.Inquiry{}, []string{"nobody owns it", "nobody leads, as far as this worker knows"}},
		"nobody may have it":     {messages.Inquiry{Leading: true, Unplaced: []partition.PartitionID{"q"}}, []string{"nobody owns it", "no member may have it: nobody who takes part has its labels, is in its zone or is the worker that it is pinned to"}},
		"the leader has trouble": {messages.Inquiry{Leading: true, Waits: "the source fails"}, []string{"nobody owns it", "the source fails"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			c.asked.Question = messages.Why{Partition: "q"}
			a.ask(c.asked)
			a.answer(settledEntries(partition.Live{Session: "s0", Applied: 3})...)
			require.Equal(t, c.waits, heard[messages.Because](t, a.user).Waits)
			unheard[messages.Read](t, a.outside)
		})
	}
}

func TestHistorian_Journal(t *testing.T) {
	a := newArchive(t)
	a.ask(messages.Inquiry{Question: messages.GetJournal{Last: 5}})
	a.ask(messages.Inquiry{Question: messages.GetJournal{}})
	head := messages.Entry{Key: messages.KeyHead, Revision: 9, Record: partition.Head{Step: 3}}
	require.Len(t, a.answer(head), 1)
	require.Equal(t, []messages.Key{"journal.3", "journal.2", "journal.1"}, a.answer(
		messages.Entry{Key: "journal.1"}, messages.Entry{Key: "journal.2", Revision: 2, Fault: "garbage"},
		messages.Entry{Key: "journal.3", Revision: 3, Record: partition.Journal{Step: 3}},
		messages.Entry{Key: "journal.0", Revision: 4, Record: partition.Journal{Step: 4}}), "before the first step there is none")
	j := heard[messages.Journal](t, a.user)
	require.Equal(t, messages.Journal{Records: []partition.Journal{{Step: 4}, {Step: 3}}, Faults: []string{"garbage"}}, j)

	head.Record = partition.Head{Step: 5000}
	a.answer(head)
	require.Len(t, a.answer(), someJournal)
	a.ask(messages.Inquiry{Question: messages.GetJournal{Last: 5000}})
	a.answer(head)
	require.Len(t, a.answer(), messages.MaxJournal)
}

func TestHistorian_CannotTell(t *testing.T) {
	t.Run("no head", func(t *testing.T) {
		a := newArchive(t)
		a.ask(messages.Inquiry{Question: messages.Why{Partition: "p"}})
		a.answer(messages.Entry{Key: messages.KeyHead})
		require.Equal(t, messages.Because{Account: partition.Account{Partition: "p"}, Reason: "nothing is assigned yet"}, heard[messages.Because](t, a.user))
	})
	t.Run("no answer, in either state", func(t *testing.T) {
		a := newArchive(t)
		for range 2 {
			a.ask(messages.Inquiry{Question: messages.GetJournal{}})
		}
		a.tell(a.pid, messages.ReadFailed{Round: heard[messages.Read](t, a.outside).Round, Reason: "nobody home"})
		require.Equal(t, "nobody home", heard[messages.Journal](t, a.user).Reason)
		a.answer(messages.Entry{Key: messages.KeyHead, Revision: 9, Record: partition.Head{Step: 3}})
		late := heard[messages.Read](t, a.outside).Round
		a.tell(a.pid, messages.ReadFailed{Round: late - 1, Reason: "late"})
		a.tell(a.pid, messages.ReadDone{Round: late - 1})
		unheard[messages.Journal](t, a.user)
		a.tell(a.pid, messages.ReadFailed{Round: late, Reason: "gone"})
		require.Equal(t, "gone", heard[messages.Journal](t, a.user).Reason)
	})
	t.Run("assignments that do not match the head", func(t *testing.T) {
		a := newArchive(t)
		a.ask(messages.Inquiry{Question: messages.Why{Partition: "p"}})
		for range maxTableReads - 1 {
			a.answer(settledEntries(partition.Live{})[0])
			unheard[messages.Because](t, a.user)
			a.tell(a.pid, remindOf[historianDue](t, a.outside).Mail)
		}
		a.answer(settledEntries(partition.Live{})[0])
		require.Contains(t, heard[messages.Because](t, a.user).Reason, "assignment of worker-0")
	})
	t.Run("too many questions", func(t *testing.T) {
		a := newArchive(t)
		for range maxInquiries + 1 {
			a.ask(messages.Inquiry{Question: messages.GetJournal{}})
		}
		require.Contains(t, heard[messages.Journal](t, a.user).Reason, "too many")
		unheard[messages.Journal](t, a.user)
	})
	t.Run("it ends", func(t *testing.T) {
		a := newArchive(t)
		a.ask(messages.Inquiry{Question: messages.Why{Partition: "p"}})
		a.ask(messages.Inquiry{Question: messages.GetJournal{}})
		a.system.Root.Stop(a.pid)
		a.drain()
		require.Equal(t, isStopping, heard[messages.Because](t, a.user).Reason)
		require.Equal(t, isStopping, heard[messages.Journal](t, a.user).Reason)
	})
}
