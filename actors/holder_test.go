package actors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// estate is a holder among probes, with partition actors that note what happens
// to them.
type estate struct {
	*play
	outside, session *probe
	pid              *actor.PID
	settings         partition.Settings
	workers          map[string]*actor.PID // by partition and token, such as p@5
	log              []string
	deadline         time.Time // of the latest Revoke
	end              time.Time
	life             partition.Round // of the session
	change           uint64
}

// worker is a partition actor that finishes only when it is told "done".
type worker struct {
	e *estate
	o partition.Owned
}

func (w *worker) Receive(ctx actor.Context) {
	say := func(what string) { w.e.log = append(w.e.log, string(w.o.ID)+" "+what) }
	switch m := ctx.Message().(type) {
	case *actor.Started:
		w.e.workers[fmt.Sprintf("%s@%d", w.o.ID, w.o.Token)] = ctx.Self()
		say("starts")
	case messages.Revoke:
		say("revoked")
		w.e.deadline = m.Deadline
	case *actor.Stopped:
		say("ends")
	case string:
		if m == "crash" {
			panic(m)
		}
		ctx.Stop(ctx.Self())
	}
}

func newEstate(t *testing.T, props func(*estate) func(partition.Owned) *actor.Props) *estate {
	e := &estate{play: newPlay(t), settings: partition.Default(), workers: map[string]*actor.PID{}}
	e.outside, e.session = e.probe("outside"), e.probe("session")
	cfg := holderConfig{settings: e.settings, outside: e.outside.pid}
	if props != nil {
		cfg.props = props(e)
	}
	e.pid = e.child(holderProps(cfg), "holder-1")
	e.hold("mine")
	return e
}

// slowly makes partition actors that drain by themselves.
func slowly(e *estate) func(partition.Owned) *actor.Props {
	return func(o partition.Owned) *actor.Props {
		return Drains(actor.PropsFromProducer(func() actor.Actor { return &worker{e, o} }))
	}
}

// hold begins a session.
func (e *estate) hold(session partition.SessionID) {
	e.end = e.now.Add(e.settings.Lease)
	e.life++
	e.system.Root.RequestWithCustomSender(e.pid, messages.HoldFor{Worker: "worker-0", Session: session, LeaseEnd: e.end, Round: e.life}, e.session.pid)
	e.drain()
}

func (e *estate) renew() {
	e.end = e.now.Add(e.settings.Lease)
	e.tell(e.pid, messages.HoldUntil{LeaseEnd: e.end, At: e.now, Round: e.life})
}

// see shows an assignment of the session, as the watch does.
func (e *estate) see(a partition.Assignment) {
	round := lastOf[messages.Watch](e.t, e.outside).Round
	e.tell(e.pid, messages.Seen{Round: round, At: e.now, Entry: messages.Entry{
		Key: messages.KeyAssignment("worker-0"), Revision: partition.Revision(a.Step), Record: a,
	}})
}

// assignment of a session: words such as "p@3", "-q@2/5" for one that step 5 takes
// away, and "+r" for a pending one.
func assignment(session partition.SessionID, step partition.Step, words string) partition.Assignment {
	a := partition.Assignment{Version: 1, Step: step, Session: session}
	number := func(s string) (n uint64) {
		for _, c := range s {
			n = n*10 + uint64(c-'0')
		}
		return n
	}
	for _, w := range strings.Fields(words) {
		id, rest, _ := strings.Cut(strings.TrimLeft(w, "+-"), "@")
		token, by, _ := strings.Cut(rest, "/")
		switch p := partition.PartitionID(id); w[0] {
		case '+':
			a.Pending = append(a.Pending, p)
		case '-':
			a.Revoking = append(a.Revoking, partition.Revoke{Partition: p, Token: partition.Token(number(token)), Step: partition.Step(number(by))})
		default:
			a.Owned = append(a.Owned, partition.Grant{Partition: p, Token: partition.Token(number(token))})
		}
	}
	return a
}

// confirms says for the manager that every subscriber let go of all.
func (e *estate) confirms() { e.tell(e.pid, messages.Confirmed{Change: e.change}) }

// applied is the latest change that the manager heard of.
func (e *estate) applied() messages.AssignmentApplied {
	a := lastOf[messages.AssignmentApplied](e.t, e.parent)
	e.change = a.Change
	return a
}

// holdings is the latest news that the session heard.
func (e *estate) holdings() messages.Holdings { return lastOf[messages.Holdings](e.t, e.session) }

func (e *estate) did(want ...string) {
	e.t.Helper()
	require.Equal(e.t, want, e.log)
	e.log = nil
}

func ids(list []partition.Owned) (out []partition.PartitionID) {
	for _, o := range list {
		out = append(out, o.ID)
	}
	return out
}

// Worker 5.
//
// hazards 25 and 49
func TestHolder_AppliesOnlyWhatIsItsOwnAndNewer(t *testing.T) {
	e := newEstate(t, nil)
	e.see(assignment("another", 9, "p@9"))
	unheard[messages.AssignmentApplied](t, e.parent)
	e.see(assignment("mine", 5, "p@5 q@5 +r"))
	a := e.applied()
	require.Equal(t, messages.AssignmentApplied{
		Change: 1, Worker: "worker-0", Session: "mine", Version: 1, Step: 5, Gained: a.All, All: a.All,
		Pending: []partition.PartitionID{"r"}, At: e.now,
	}, a)
	require.Equal(t, []partition.PartitionID{"p", "q"}, ids(a.All))
	require.Equal(t, messages.Holdings{Session: "mine", Applied: 5, Seen: 5}, e.holdings())

	e.parent.forget()
	e.see(assignment("mine", 4, "q@4"))
	e.see(assignment("mine", 5, "p@5 q@5 +r"))
	unheard[messages.AssignmentApplied](t, e.parent)

	e.now = e.end
	e.see(assignment("mine", 6, "p@5")) // the lease is over: it waits
	unheard[messages.AssignmentApplied](t, e.parent)
	e.now = e.end.Add(-time.Second)
	e.renew()
	require.Equal(t, partition.Step(6), e.applied().Step)
}

// Worker 5: what stays is not touched.
func TestHolder_WhatDoesNotMoveNeverPauses(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	e.did("p starts", "q starts")
	e.see(assignment("mine", 6, "p@5 -q@5/6 r@6"))
	e.did("q revoked", "r starts")
	e.see(assignment("mine", 7, "p@5 -q@5/6"))
	e.did("r revoked")
}

// Worker 6.
//
// hazard 46
func TestHolder_AcknowledgesWhatHasDrained(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	e.applied()
	e.confirms()
	e.see(assignment("mine", 6, "q@5 -p@5/6"))
	require.Equal(t, 1, e.applied().Draining)
	require.Equal(t, messages.Holdings{Session: "mine", Applied: 6, Seen: 6, Held: []partition.PartitionID{"p"}}, e.holdings(), "applied at once, with what is held")

	e.confirms()
	require.NotEmpty(t, e.holdings().Held, "subscribers have let go, the handler has not")
	e.tell(e.workers["p@5"], "done")
	require.Empty(t, e.holdings().Held)
	require.Equal(t, []string{"p starts", "q starts", "p revoked", "p ends"}, e.log)

	e = newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5"))
	e.see(assignment("mine", 6, "-p@5/6"))
	e.applied()
	e.tell(e.workers["p@5"], "done")
	require.NotEmpty(t, e.holdings().Held, "the handler has ended, a subscriber has not let go")
	e.confirms()
	require.Equal(t, messages.Holdings{Session: "mine", Applied: 6, Seen: 6}, e.holdings())
	require.Zero(t, heard[messages.DrainingChanged](t, e.parent).Draining)
}

// Worker 7.
func TestHolder_WritesOffWhatDrainsTooLong(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	e.see(assignment("mine", 6, "q@5 -p@5/6"))
	e.applied()
	r := remindOf[drainDue](t, e.outside)
	require.Equal(t, e.settings.RevokeTimeout, r.After)
	e.tell(e.pid, r.Mail)
	gone := []partition.Abandoned{{Partition: "p", Token: 5, Step: 6}}
	require.Equal(t, messages.Holdings{Session: "mine", Applied: 6, Seen: 6, Abandoned: gone}, e.holdings())
	require.Equal(t, messages.DrainingChanged{Abandoned: 1}, heard[messages.DrainingChanged](t, e.parent))
	require.Equal(t, []string{"p starts", "q starts", "p revoked"}, e.log, "the others go on")

	e.see(assignment("mine", 7, "p@7 q@5")) // back here: it waits for the old handler
	require.Equal(t, []string{"p starts", "q starts", "p revoked"}, e.log)
	require.Equal(t, 1, e.applied().Abandoned)
	e.confirms()
	require.Equal(t, gone, e.holdings().Abandoned)
	e.see(assignment("mine", 8, "p@7 -q@5/8"))
	e.applied()
	e.tell(e.pid, remindOf[drainDue](t, e.outside).Mail)
	e.hold("next")
	require.Equal(t, 2, e.applied().Abandoned, "they are counted on")
}

// A new token of a partition is another handler, after the old one.
func TestHolder_NeverTwoHandlersOfOnePartition(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5"))
	e.see(assignment("mine", 6, "p@6"))
	e.did("p starts", "p revoked")
	e.tell(e.workers["p@5"], "done")
	e.did("p ends", "p starts")
}

// What is taken away before its handler has begun ends after it has begun.
func TestHolder_RevokesWhatStarts(t *testing.T) {
	e := newEstate(t, slowly)
	round := lastOf[messages.Watch](t, e.outside).Round
	for _, a := range []partition.Assignment{assignment("mine", 5, "p@5 q@5"), assignment("mine", 6, "-p@5/6 q@5")} {
		e.system.Root.Send(e.pid, messages.Seen{Round: round, At: e.now, Entry: messages.Entry{
			Key: messages.KeyAssignment("worker-0"), Revision: partition.Revision(a.Step), Record: a,
		}})
	}
	e.drain()
	e.did("p starts", "q starts", "p revoked")
	require.Equal(t, []partition.PartitionID{"p"}, e.holdings().Held)
	e.tell(e.workers["p@5"], "done")
	e.tell(e.pid, messages.Confirmed{Change: 2})
	e.did("p ends")
	require.Empty(t, e.holdings().Held)
}
