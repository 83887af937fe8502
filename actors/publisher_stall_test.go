package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// renew lets time pass, in which the lead is renewed.
func (p *printing) renew(d time.Duration) {
	for end := p.now.Add(d); p.now.Before(end); {
		p.after(min(p.settings.LeadRenewal(), end.Sub(p.now)))
		p.tell(p.pid, messages.LeadRenewed{Until: p.now.Add(p.settings.LeaderLease), At: p.now})
	}
}

// stuck demands that it was told that nothing comes on, to all who are to hear it.
func (p *printing) stuck(why string) {
	p.t.Helper()
	told := heard[messages.HandOverStalled](p.t, p.manager)
	require.Equal(p.t, "nobody gave up or was given anything for "+p.bound().Round(time.Millisecond).String()+": "+why, told.Reason)
	require.Equal(p.t, p.now, told.At)
	require.Equal(p.t, testTerm, told.Term)
	require.Equal(p.t, told, heard[messages.HandOverStalled](p.t, p.outside))
	p.calm()
}

func (p *printing) calm() {
	p.t.Helper()
	unheard[messages.HandOverStalled](p.t, p.manager)
	unheard[messages.HandOverFailed](p.t, p.calculator) // it is no failure to publish
	unheard[messages.HandOverResumed](p.t, p.manager)
	unheard[messages.TermFailed](p.t, p.parent)
}

func (p *printing) bound() time.Duration { return p.settings.HandOverBound(p.settings.Lease) }

// What gives nobody anything for longer than its waits can last is told, again and again,
// until it comes on.
func TestPublisher_TellsThatItIsStuck(t *testing.T) {
	p := printed(t)
	p.renew(2 * p.bound()) // nothing is due
	p.calm()
	p.beat("w-1", partition.Live{}) // who cannot get anything is not waited for
	p.want(pair, 1, 1)
	p.accept(p.store())
	p.renew(p.bound())
	p.calm() // the first renewal saw it, not the decision
	p.renew(p.settings.LeadRenewal())
	p.stuck("2 partitions are to be let go (test), the first one a by w-0")
	p.renew(p.bound() - time.Second)
	p.calm()
	p.renew(time.Second)
	p.stuck("2 partitions are to be let go (test), the first one a by w-0")
	p.beat("w-1", partition.Live{})
	p.beat("w-0", partition.Live{Applied: 5002})
	p.accept(p.store())
	heard[messages.HandOverResumed](t, p.manager)
	p.renew(2 * p.bound())
	p.calm()
}

// Each grant of what was to be let go first begins the time anew, and so does a decision
// after one that is handed over; a publish that gives nobody anything does not, nor does a
// decision that replaces one.
func TestPublisher_IsNotStuckWhileSomebodyIsGivenSomething(t *testing.T) {
	p := printed(t)
	p.want(pair, 1, 0)
	p.accept(p.store())
	p.want(pair, 1, 1)
	p.accept(p.store())
	p.renew(p.settings.RevokeTimeout)
	p.beat("w-1", partition.Live{})
	p.beat("w-0", partition.Live{Applied: 5003, Held: []partition.PartitionID{"b"}})
	remind[gatherDue](p)
	p.accept(p.store())
	p.renew(p.bound())
	p.calm()
	p.beat("w-1", partition.Live{})
	p.beat("w-0", partition.Live{Applied: 5004})
	p.accept(p.store())
	p.want(pair, 0, 0)
	p.accept(p.store())
	p.renew(p.settings.RevokeTimeout)
	p.beat("w-0", partition.Live{Applied: 5004})
	p.beat("w-2", partition.Live{})
	p.want(append(pair, "w-2"), 2, 2)
	other := p.store()
	require.Len(t, p.assignment(other, "w-2").Pending, 2)
	p.accept(other)
	p.renew(p.bound() - p.settings.RevokeTimeout)
	p.calm()
	p.renew(p.settings.LeadRenewal())
	p.stuck("2 partitions are to be let go (test), the first one a by w-1")
}

var trio = []partition.WorkerID{"w-0", "w-1", "w-2"}

// newTrio is a group in which w-0 has a, and w-2 has b and c.
func newTrio(t *testing.T) *printing {
	p := ready(t, trio...)
	p.want(trio, 0, 2, 2)
	p.accept(p.store())
	return p
}

// swaps gives b and c from w-1 to w-2 and back for so long, one after the other. Each is
// told to go before the other has gone, so that the hand-over is never over.
func (p *printing) swaps(workers []partition.WorkerID, to int32, d time.Duration) {
	at, goes := []int32{2, 2}, 0
	tell := func(k int) partition.Step {
		at[k] = 3 - at[k]
		p.beat("w-1", partition.Live{})
		p.beat("w-2", partition.Live{})
		p.want(workers, to, at[0], at[1])
		m := p.store()
		p.accept(m)
		return headOf(m).Step
	}
	tell(goes)
	for end := p.now.Add(d); p.now.Before(end); {
		from := workers[3-at[goes]]
		step := tell(1 - goes)
		p.beat(from, partition.Live{Applied: step, Held: []partition.PartitionID{partition.PartitionID("cb"[goes : goes+1])}})
		remind[gatherDue](p)
		p.accept(p.store())
		goes = 1 - goes
		p.renew(p.settings.LeadRenewal())
	}
}

// Others that come on do not hide what does not. How long that may take is known for each
// partition, whatever else moves.
func TestPublisher_TellsWhatIsStuckWhileOthersComeOn(t *testing.T) {
	p := newTrio(t)
	p.want(trio, 1, 2, 2)
	p.accept(p.store())
	never := p.now.Add(24 * time.Hour) // the next session of w-0 begins then
	p.tell(p.pid, messages.Witnessed{At: p.now, Witness: partition.Witness{
		Worker: "w-0", Live: partition.Live{Session: "next", Claim: 9000}, Revision: 9000, At: never, SessionAt: never,
	}})
	began := p.now
	p.swaps(trio, 1, p.bound()+2*p.settings.LeadRenewal())
	told := heard[messages.HandOverStalled](t, p.manager)
	require.GreaterOrEqual(t, told.At.Sub(began), p.bound())
	require.Equal(t, "what was to be let go first did not come on, though others did, for "+
		p.bound().Round(time.Millisecond).String()+": 2 partitions are to be let go (test), the first one a by w-0", told.Reason)
}

// What nobody can be given now waits for news, which takes as long as it takes.
func TestPublisher_IsNotStuckWhileNobodyCanBeGivenIt(t *testing.T) {
	p := newTrio(t)
	p.beat("w-3", partition.Live{})
	four := append(slices.Clone(trio), "w-3")
	p.want(four, 3, 2, 2)
	m := p.store()
	p.accept(m)
	p.renew(p.settings.Wait(p.settings.Lease)) // w-3 is silent
	p.beat("w-0", partition.Live{Applied: headOf(m).Step})
	p.swaps(four, 3, 2*p.bound())
	p.calm()
}

// A hand-over may give nobody anything, and the next one may begin before the lead is
// renewed again.
func TestPublisher_IsNotStuckAfterAHandOver(t *testing.T) {
	p := printed(t)
	p.want(pair, 0)
	p.accept(p.store())
	p.renew(p.bound())
	p.beat("w-1", partition.Live{})
	p.beat("w-0", partition.Live{Applied: 5002})
	p.accept(p.store())
	require.Zero(t, heard[messages.HandedOver](t, p.calculator).Moves)
	p.want(pair, 1)
	p.accept(p.store())
	p.renew(p.bound())
	p.calm()
}

// A term that does not begin, or sees nobody, is as bad.
func TestPublisher_TellsThatItCannotBegin(t *testing.T) {
	p := newPrinting(t, true)
	late := p.bound() + p.settings.LeadRenewal()
	p.renew(late)
	p.stuck("the term has no table yet, and is reading")
	p.answerTable()
	p.renew(p.bound())
	p.stuck("neither a watch nor a list has shown all workers")
	p.beat("w-0", partition.Live{})
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	p.renew(p.settings.LeadRenewal())
	heard[messages.HandOverResumed](t, p.manager)
	p.want(pair[:1], 0, 0)
	p.renew(late)
	p.stuck("no step of it (test) is stored after step 0")
}

// Three times in a row end the term.
func TestPublisher_LeavesTheLeadWhenItIsStuckThreeTimes(t *testing.T) {
	p := printed(t)
	p.beat("w-1", partition.Live{})
	p.want(pair, 1, 1)
	p.accept(p.store())
	p.renew(p.settings.LeadRenewal())
	for range 2 {
		p.renew(p.bound())
		p.stuck("2 partitions are to be let go (test), the first one a by w-0")
	}
	p.renew(p.bound())
	why := heard[messages.HandOverStalled](t, p.manager).Reason
	failed := heard[messages.TermFailed](t, p.parent)
	require.Equal(t, messages.TermFailed{Term: testTerm, Reason: "the hand-over is stuck: " + why, Resign: true}, failed)
	p.renew(p.bound())
	heard[messages.HandOverStalled](t, p.manager)
	p.calm() // it is said once that the term is over
}

// Partitions that the source no longer lists are dropped one after the other, each in time:
// nobody is given anything for long, and nothing is stuck.
func TestPublisher_IsNotStuckWhileSomethingIsGivenUp(t *testing.T) {
	p := ready(t, "w-0")
	p.want(pair[:1], make([]int32, 12)...)
	p.accept(p.store())
	heard[messages.HandedOver](t, p.calculator)
	var told [12]partition.Step
	for i := 11; i > 0; i-- { // another one goes before the last one is dropped
		p.want(pair[:1], make([]int32, i)...)
		m := p.store()
		p.accept(m)
		told[i] = headOf(m).Step
		p.renew(p.settings.RevokeTimeout / 2)
		if i == 11 {
			continue
		}
		p.beat("w-0", partition.Live{Applied: told[i+1], Held: []partition.PartitionID{partition.PartitionID(rune('a' + i))}})
		remind[gatherDue](p)
		p.accept(p.store())
		p.renew(p.settings.RevokeTimeout / 2)
		p.calm()
	}
	unheard[messages.HandedOver](t, p.calculator)
}

// To fence many sessions takes long, and each one is a step.
func TestPublisher_IsNotStuckWhileSessionsAreFenced(t *testing.T) {
	p := lost(t)
	for i := range 4 {
		p.beat(partition.WorkerID("w-"+string(rune('1'+i))), partition.Live{})
	}
	p.complete()
	for range 4 {
		p.renew(p.bound())
		p.calm()
		m, _ := p.fence()
		p.accept(m)
	}
}

// Of who is released, or whose lease is over, nothing is awaited, however long it was.
func TestPublisher_IsStuckDespiteALeaseThatIsOver(t *testing.T) {
	for name, live := range map[string]partition.Live{
		"released": {Lease: 10 * time.Hour, Released: true},
		"fenced":   {Lease: time.Minute, Fence: &partition.Fence{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := printed(t)
			p.rev++
			live.Session, live.Claim = "s-w-9", 5
			p.tell(p.pid, messages.Witnessed{Witness: partition.Witness{Worker: "w-9", Live: live, Revision: p.rev, At: p.now}, At: p.now})
			if !live.Released {
				p.renew(p.settings.Wait(live.Lease))
			}
			p.beat("w-1", partition.Live{})
			p.want(pair, 1, 1)
			p.accept(p.store())
			p.renew(p.bound() + p.settings.LeadRenewal())
			p.stuck("2 partitions are to be let go (test), the first one a by w-0")
		})
	}
}

// Whoever has a longer lease is waited for as long as that.
func TestPublisher_IsStuckOnlyAfterTheLongestLease(t *testing.T) {
	p := printed(t)
	long := partition.Live{Session: "s-w-0", Claim: 5, Lease: time.Minute}
	p.rev++
	p.tell(p.pid, messages.Witnessed{Witness: partition.Witness{Worker: "w-0", Live: long, Revision: p.rev, At: p.now}, At: p.now})
	p.want(pair, 1, 1)
	p.accept(p.store())
	p.renew(p.settings.HandOverBound(time.Minute))
	p.calm()
	p.renew(p.settings.LeadRenewal())
	require.Contains(t, heard[messages.HandOverStalled](t, p.manager).Reason, p.settings.HandOverBound(time.Minute).Round(time.Millisecond).String())
}
