package actors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// loses takes all from a holder of so many partitions, whose handlers stop when
// the test says so.
func (e *estate) loses(many int) {
	e.see(crowd(many))
	e.log = nil
	a := crowd(0)
	a.Step = 6
	e.see(a)
}

// told is how many were told to stop, in the order of their revoke, and each once.
func (e *estate) told() int {
	e.t.Helper()
	n := 0
	for _, line := range e.log {
		if who, is := strings.CutSuffix(line, " revoked"); is {
			if who != name(n) {
				require.Equal(e.t, name(n), who, "the first revoked is the first told")
			}
			n++
		}
	}
	return n
}

// name is that of one of a crowd.
func name(i int) string { return fmt.Sprintf("p%05d", i) }

func (e *estate) done(from, to int) {
	for i := from; i < to; i++ {
		e.tell(e.workers[name(i)+"@5"], "done")
	}
}

// late sends the reminder that what stops takes long, and says after how long it comes.
func (e *estate) late() time.Duration {
	r := remindOf[stopsDue](e.t, e.outside)
	e.tell(e.pid, r.Mail)
	return r.After
}

// asked are the reminders that are to come.
func (e *estate) asked() (out []messages.Remind) {
	for _, m := range e.outside.mail {
		if r, is := m.(messages.Remind); is {
			if _, is = r.Mail.(stopsDue); is {
				out = append(out, r)
			}
		}
	}
	return out
}

// So many stop at a time. Who waits for its turn works on, and has no longer than the others.
//
// hazard 55
func TestHolder_StopsSoManyAtATime(t *testing.T) {
	const many = 2*maxStopping + 10
	e := newEstate(t, slowly)
	e.loses(many)
	require.Len(t, e.holdings().Held, many, "it is held until it has ended")
	require.Len(t, e.applied().Lost, many, "subscribers hear of all at once")
	for i := 0; i < many; i += 10 {
		require.Equal(t, min(many, i+maxStopping), e.told(), "as many as have ended")
		e.done(i, min(many, i+10))
	}
	require.Equal(t, e.now.Add(e.settings.RevokeTimeout), e.deadline, "counted from the revoke")
	e.confirms()
	require.Empty(t, e.holdings().Held)
	e.see(assignment("mine", 7, "r@7"))
	e.see(assignment("mine", 8, ""))
	require.Contains(t, e.log, "r revoked", "nothing counts any more")
}

// Ten thousand handlers that hang are all told within a tenth of their time.
//
// hazard 55
func TestHolder_TellsAllInTimeThoughEachHangs(t *testing.T) {
	const many = 10_000
	e := newEstate(t, slowly)
	e.loses(many)
	took := time.Duration(0)
	for told := maxStopping; told < many; told += maxStopping {
		require.Equal(t, told, e.told())
		after := e.late()
		took += after
		require.InDelta(t, (3*time.Second).Seconds()/39, after.Seconds(), 1e-3, "at an even pace")
	}
	require.Equal(t, many, e.told())
	require.LessOrEqual(t, took, e.settings.RevokeTimeout/stopShare)
	require.Equal(t, e.now.Add(e.settings.RevokeTimeout), e.deadline)
	require.Empty(t, e.asked(), "nobody waits any more")
}

// One that is stuck holds up nobody while others end, and a crowd of them for a second or
// two: what was told after the reminder was asked for counts until the next one.
func TestHolder_StopsNextToWhatIsStuck(t *testing.T) {
	e := newEstate(t, slowly)
	e.loses(4 * maxStopping)
	e.done(1, maxStopping+5) // all but the first, and some that were told then
	require.Equal(t, 2*maxStopping+4, e.told())
	stale := e.asked()[0].Mail
	require.Equal(t, time.Second, e.late(), "a third of 3 s")
	require.Equal(t, 2*maxStopping+5, e.told(), "the first does not count any more")
	e.tell(e.pid, stale)
	require.Equal(t, 2*maxStopping+5, e.told())
	require.Equal(t, time.Second, e.late())
	require.Equal(t, 3*maxStopping+5, e.told(), "nor do those that were told before the latest reminder was asked for")
	e.done(0, 1) // too late to make room
	e.done(maxStopping+5, maxStopping+6)
	require.Equal(t, 3*maxStopping+5, e.told())
	e.done(2*maxStopping+5, 2*maxStopping+6)
	require.Equal(t, 3*maxStopping+6, e.told())
	require.Equal(t, time.Second, e.late(), "it is never more than that")
	require.Equal(t, 4*maxStopping, e.told())
	require.Empty(t, e.asked())
}

// Who comes late to a crowd does not wait for the reminder of those before.
func TestHolder_ACrowdBringsTheReminderForward(t *testing.T) {
	const few, many = maxStopping + 1, maxStopping + 1 + 8*maxStopping
	e := newEstate(t, slowly)
	e.see(crowd(many))
	e.log = nil
	for step, left := range []int{few, many} {
		a := assignment("mine", partition.Step(6+step), "")
		a.Owned = crowd(many).Owned[left:]
		e.see(a)
	}
	asked := e.asked()
	require.Len(t, asked, 2)
	require.Equal(t, time.Second, asked[0].After)
	require.Equal(t, 3*time.Second/9, asked[1].After)
	e.done(0, 1)
	require.Equal(t, maxStopping+1, e.told(), "those of before count until it comes")
	e.tell(e.pid, asked[1].Mail)
	require.Equal(t, 2*maxStopping, e.told())
	e.tell(e.pid, asked[0].Mail) // which counts no more
	require.Equal(t, 2*maxStopping, e.told())
}

// A reminder that comes late keeps nobody from being told, and what is written off makes
// room for the next ones.
func TestHolder_WhatIsWrittenOffIsTold(t *testing.T) {
	const many = 2 * maxStopping
	e := newEstate(t, slowly)
	e.loses(many)
	e.tell(e.pid, remindOf[drainDue](t, e.outside).Mail)
	require.Equal(t, many, e.told())
	require.Len(t, e.holdings().Abandoned, many)
	require.Contains(t, e.warnings.String(), `worker=worker-0 partition=p00000 token=5 step=6 since=`+e.now.Format("2006-01-02T15:04:05"))
	require.Equal(t, maxLogged, strings.Count(e.warnings.String(), "running=parent/holder-1/p"))
	require.Contains(t, e.warnings.String(), fmt.Sprintf("worker=worker-0 more=%d\n", many-maxLogged))
	a := assignment("mine", 7, "")
	for i := range maxStopping {
		a.Owned = append(a.Owned, partition.Grant{Partition: partition.PartitionID(fmt.Sprintf("q%05d", i)), Token: 7})
	}
	e.see(a)
	e.log = nil
	e.see(assignment("mine", 8, ""))
	require.Len(t, e.log, maxStopping)
}

// What is written off lets those come to their turn that were revoked later.
func TestHolder_WhatIsWrittenOffMakesRoom(t *testing.T) {
	e := newEstate(t, slowly)
	all := crowd(2 * maxStopping)
	e.see(all)
	e.log = nil
	all.Step, all.Owned = 6, all.Owned[maxStopping:]
	e.see(all)
	first := remindOf[drainDue](t, e.outside)
	all.Step, all.Owned = 7, nil
	e.see(all)
	require.Equal(t, maxStopping, e.told())
	e.tell(e.pid, first.Mail)
	require.Equal(t, 2*maxStopping, e.told())
}

// A stop has a shorter time: those that wait hear of that, once.
func TestHolder_ThoseWhoWaitHearWhatIsLeft(t *testing.T) {
	const many = maxStopping + 100
	e := newEstate(t, slowly)
	e.loses(many)
	e.log = nil
	e.tell(e.pid, messages.LetAllGo{Within: 7 * time.Second})
	require.Equal(t, maxStopping, e.told(), "again, that it has less time")
	e.log = nil
	e.outside.mail = nil
	e.done(0, 100)
	require.Len(t, e.log, 200)
	require.Equal(t, e.now.Add(7*time.Second), e.deadline)
	e.done(100, many)
	e.applied()
	e.confirms()
	require.Empty(t, heard[messages.AllLetGo](t, e.parent).Running)
}

// A stop of thousands is told within a tenth of its own time.
func TestHolder_LetsThousandsGoInTurn(t *testing.T) {
	const many = 5 * maxStopping
	e := newEstate(t, slowly)
	e.see(crowd(many))
	e.log = nil
	e.tell(e.pid, messages.LetAllGo{Within: 8 * time.Second})
	require.Equal(t, maxStopping, e.told())
	r := remindOf[stopsDue](t, e.outside)
	require.Equal(t, 200*time.Millisecond, r.After)
	e.tell(e.pid, r.Mail)
	require.Equal(t, 2*maxStopping, e.told())
}

// DrainTimeout is left to whoever is told last.
func TestHolder_LeavesDrainTimeoutToTheLast(t *testing.T) {
	const many = 2 * maxStopping
	e := newEstate(t, slowly)
	e.see(crowd(many))
	e.log = nil
	e.tell(e.pid, messages.LetAllGo{Within: e.settings.DrainTimeout})
	require.Equal(t, many, e.told(), "there is no time to wait")

	e = newEstate(t, slowly)
	e.see(crowd(many))
	e.tell(e.pid, messages.LetAllGo{Within: e.settings.DrainTimeout + 100*time.Millisecond})
	require.Equal(t, 100*time.Millisecond, e.late())
}

// One that ends, or fails, before it is told has let go; the same partition begins anew
// when its handler of before has been told and has ended.
func TestHolder_WhatEndsBeforeItIsTold(t *testing.T) {
	const many = maxStopping + 3
	e := newEstate(t, slowly)
	e.loses(many)
	e.applied()
	e.confirms()
	failing, back := name(maxStopping), name(maxStopping+1)
	e.see(assignment("mine", 7, back+"@7"))
	e.outside.forget()
	e.log = nil
	e.tell(e.workers[failing+"@5"], "crash")
	require.Len(t, e.holdings().Held, many-1)
	require.Empty(t, e.outside.mail, "it is not begun again")
	e.done(0, 1)
	e.did(failing+" ends", "p00000 ends", back+" revoked")
	e.tell(e.workers[back+"@5"], "done")
	e.did(back+" ends", name(maxStopping+2)+" revoked", back+" starts")
}

// A reminder that comes late takes nothing from those that wait: heartbeats tell the time, too.
func TestHolder_StopsMakeUpForALateReminder(t *testing.T) {
	const many, late = 10_000, 2800 * time.Millisecond
	e := newEstate(t, slowly)
	e.loses(many)
	e.late() // this one was in time
	e.now = e.now.Add(late)
	e.renew()
	e.late()
	took := late
	for e.told() < many {
		took += e.late()
	}
	require.LessOrEqual(t, took, e.settings.RevokeTimeout/stopShare)
}
