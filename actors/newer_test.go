package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Records that only a newer build understands: nobody of this one writes over
// them, decides without them or crashes; the user is told.

// newer is such a record.
func newer(key messages.Key, revision partition.Revision) messages.Entry {
	return messages.Entry{Key: key, Revision: revision, Fault: "record " + string(key) + ": it has schema 2", Newer: true}
}

func TestElection_LeavesWhatItCannotReadToNewerBuilds(t *testing.T) {
	for _, key := range []messages.Key{messages.KeyLead, messages.KeyTerm, messages.KeyHead} {
		t.Run(string(key), func(t *testing.T) {
			b := newBallot(t)
			free := theirs(5, 1)
			free[messages.KeyLead] = messages.Entry{Key: messages.KeyLead, Revision: 6, Record: partition.Lead{Worker: "worker-9", Session: "them", Released: true}}
			of := func(e messages.Entry) records {
				r := records{key: e}
				for k, x := range free {
					if k != key {
						r[k] = x
					}
				}
				return r
			}
			b.answer(of(newer(key, 7)))
			require.Equal(t, messages.LeadBarred{Reason: newer(key, 7).Fault, At: b.now}, heard[messages.LeadBarred](t, b.parent))
			for range 3 {
				_, stands := due[leadDue](b)
				require.False(t, stands)
				ring[lookDue](b)
				b.answer(of(newer(key, 8)))
				unheard[messages.LeadBarred](t, b.parent)
			}
			ring[lookDue](b) // newer builds have left it as this one can read it
			b.answer(of(free[key]))
			require.Equal(t, messages.LeadBarred{At: b.now}, heard[messages.LeadBarred](t, b.parent))
			ring[leadDue](b)
			heard[messages.Store](t, b.outside)
		})
	}
}

func TestElection_DoesNotStandAgainstALeadThatItCannotRead(t *testing.T) {
	b := newBallot(t)
	b.answer(theirs(5, 1))
	armed, _ := due[leadDue](b)
	b.say(messages.Seen{Entry: newer(messages.KeyLead, 6), At: b.now})
	heard[messages.LeadBarred](t, b.parent)
	b.after(time.Minute)
	b.say(armed.Mail)
	unheard[messages.Store](t, b.outside)
}

func TestElection_AfterATermThatFailedByAnUnreadRecord(t *testing.T) {
	b := newBallot(t)
	b.win()
	b.say(messages.TermFailed{Term: 11, Reason: "too new", Resign: true, Unread: "live.worker-4"})
	require.Equal(t, "too new", heard[messages.LeadBarred](t, b.parent).Reason)
	b.accept(13) // the lead is released
	ring[restDue](b)
	free := records{messages.KeyLead: {Key: messages.KeyLead, Revision: 13, Record: partition.Lead{Released: true}}}
	free["live.worker-4"] = newer("live.worker-4", 9)
	b.answer(free)
	_, stands := due[leadDue](b)
	require.False(t, stands)
	ring[lookDue](b)
	free["live.worker-4"] = messages.Entry{Key: "live.worker-4", Revision: 14, Record: partition.Live{Session: "s"}}
	b.answer(free)
	require.Empty(t, heard[messages.LeadBarred](t, b.parent).Reason)
	ring[leadDue](b)
	heard[messages.Store](t, b.outside)
}

func TestDebouncer_ARecordOfANewerBuildEndsTheTerm(t *testing.T) {
	g := newGatherings(t)
	e := newer("live.worker-2", 9)
	g.tell(g.pid, messages.Sighted{Entries: []messages.Entry{e}, At: g.now})
	require.Equal(t, messages.TermFailed{Reason: e.Fault, Resign: true, Unread: e.Key}, heard[messages.TermFailed](t, g.parent))
	unheard[messages.Witnessed](t, g.calculator)
}

func TestPublisher_ARecordOfANewerBuildEndsTheTerm(t *testing.T) {
	h, _ := settledGroup()
	head := messages.Entry{Key: messages.KeyHead, Revision: 8, Record: h}
	for name, entries := range map[string][]messages.Entry{
		"head":       {newer(messages.KeyHead, 9), newer("asg.worker-0", 9)},
		"assignment": {head, newer("asg.worker-0", 9)},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPrinting(t, true)
			ask := heard[messages.Read](t, p.outside)
			p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: append([]messages.Entry{record(testTerm)}, entries...), At: p.now})
			failed := heard[messages.TermFailed](t, p.parent)
			last := entries[len(entries)-1]
			if name == "head" {
				last = entries[0]
			}
			require.Equal(t, messages.TermFailed{Term: testTerm, Reason: last.Fault, Resign: true, Unread: last.Key}, failed)
			unheard[messages.Store](t, p.outside)
		})
	}
}

func TestHolder_AnAssignmentOfANewerBuildEndsTheSession(t *testing.T) {
	e := newEstate(t, nil)
	e.system.Root.RequestWithCustomSender(e.pid, messages.HoldFor{Worker: "worker-0", Session: "mine", LeaseEnd: e.end, Claim: 5, Round: 1}, e.session.pid)
	e.drain()
	e.see(assignment("mine", 6, "p@3"))
	say := func(x messages.Entry) {
		e.tell(e.pid, messages.Seen{Round: lastOf[messages.Watch](t, e.outside).Round, At: e.now, Entry: x})
	}
	say(newer("asg.worker-0", 4)) // of who had the ID before
	unheard[messages.SessionLost](t, e.parent)
	say(newer("asg.worker-0", 7))
	require.Equal(t, messages.SessionLost{Session: "mine", Reason: newer("asg.worker-0", 7).Fault, Final: true, At: e.now},
		heard[messages.SessionLost](t, e.parent))
}

// A worker that is too old for its group drops what it owns, writes nothing more
// and says why, until it is stopped.
func TestManager_IsTooOldForItsGroup(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	f.say(messages.SessionLost{Reason: "too new", Final: true})
	require.Equal(t, messages.HealthChanged{Reason: "the session was lost: too new", Final: true, At: f.now}, f.unhealthy())
	f.after(time.Hour)
	require.Equal(t, claimingID, f.snapshot().State)
	require.Empty(t, f.snapshot().Session)
	require.Empty(t, f.snapshot().Owned)
	f.ask(messages.LetGo{Step: 5})
	f.ask(messages.Stop{})
	f.ended(1)

	f = newFirm(t, nil) // without the store it is not known any better
	f.say(opened, began, led, doubt, messages.SessionLost{Reason: "too new", Final: true})
	require.True(t, f.unhealthy().Final)
}

func TestManager_TellsThatItCannotLead(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	f.say(messages.LeadBarred{Reason: "too new"})
	require.Equal(t, "this worker cannot lead: too new", f.unhealthy().Reason)
	require.Equal(t, stable, f.snapshot().State)
	require.NotEmpty(t, f.snapshot().Owned, "it goes on with what it has")
	f.say(messages.LeadBarred{})
	require.True(t, f.snapshot().Healthy)
}

func TestSession_TellsThatIDsAreOfANewerBuild(t *testing.T) {
	p := newTenancy(t, func(c *sessionConfig) { c.settings.WorkerIDs.Count = 1 })
	p.scan(newer("live.worker-0", 3))
	m, _ := p.written()
	require.Zero(t, m.Writes[0].Expect, "what is there makes the store refuse it")
	p.refuse(m, 3, true)
	p.read(newer("live.worker-0", 3))
	require.Contains(t, heard[messages.ClaimFailed](t, p.parent).Reason, newer("live.worker-0", 3).Fault)
}

func TestOwners_TellsThatTheTableIsOfANewerBuild(t *testing.T) {
	p := newRegistry(t)
	h, _ := settledGroup()
	p.ask("p")
	p.answer(9, h, nil)
	q := heard[messages.Read](t, p.outside)
	p.tell(p.pid, messages.ReadDone{Round: q.Round, At: p.now, Entries: []messages.Entry{
		{Key: messages.KeyHead, Revision: 9, Record: h}, newer("asg.worker-0", 9),
	}})
	require.Equal(t, newer("asg.worker-0", 9).Fault, heard[messages.Owner](t, p.user).Reason)
}

// unhealthy is the latest that the user heard of the worker's health.
func (f *firm) unhealthy() messages.HealthChanged {
	f.t.Helper()
	return lastOf[messages.HealthChanged](f.t, f.user)
}
