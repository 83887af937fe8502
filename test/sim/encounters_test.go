package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// history is a world in which nothing happens but what a test makes up: w1 leads as s1 of
// worker-0, w2 is s2 of worker-1 with an instance key and a slow clock, and w3 has no session.
type history struct {
	*World
	revision partition.Revision
	term     partition.Revision
	step     partition.Step
}

func newHistory(system *System) *history {
	h := &history{World: NewWorld(Config{System: system, Settings: partition.Fast(), Partitions: []partition.Partition{partition.Of("p1"), partition.Of("p2")}}), step: 6}
	for i, rate := range []Rate{TrueRate, SlowestRate, TrueRate} {
		p := &Process{Name: []string{"w1", "w2", "w3"}[i], world: h.World, lane: h.scheduler.Lane([]string{"w1", "w2", "w3"}[i])}
		p.Clock = NewClock(h.Timeline, p.lane, Epoch, rate)
		h.processes = append(h.processes, p)
		h.Check.Joins(p.Name, p.Clock, p.lane)
	}
	h.Check.book.renew("A")
	h.lives("w1", "worker-0", partition.Live{Session: "s1"})
	h.lives("w2", "worker-1", partition.Live{Session: "s2", InstanceKey: "key"})
	h.leads("w1", "worker-0", "s1")
	h.decides("w1", partition.Head{}, nil)
	h.hears("w1")
	h.encounters.met = Situations{}
	return h
}

// commit is what World does with what the store accepts.
func (h *history) commit(by string, writes ...Written) {
	for i := range writes {
		h.revision++
		writes[i].Revision = h.revision
	}
	c := Commit{At: h.Timeline.Now(), Sent: h.Timeline.Now(), By: by, Incarnation: "A"}
	h.encounters.committed(c, writes)
	for _, w := range writes {
		if r, ok := w.Record.(partition.Lead); ok {
			h.lead = r
		}
	}
	h.Check.Committed(c, writes)
}

func (h *history) lives(by string, id partition.WorkerID, r partition.Live) {
	r.Lease = h.settings.Lease
	h.commit(by, Written{Key: messages.KeyLive(id), Record: r})
}

// renews lets w1 or w2 renew its session.
func (h *history) renews(by string, r partition.Live) {
	r.Claim = 1
	if r.Session = "s1"; by == "w2" {
		r.Session, r.InstanceKey = "s2", "key"
	}
	h.lives(by, map[string]partition.WorkerID{"w1": "worker-0", "w2": "worker-1"}[by], r)
}

func (h *history) leads(by string, id partition.WorkerID, s partition.SessionID) {
	h.term = h.revision + 2
	h.commit(by, Written{Key: messages.KeyLead, Record: partition.Lead{Worker: id, Session: s, Beat: 1}},
		Written{Key: messages.KeyTerm, Record: partition.Term{Worker: id, Session: s}})
}

// decides publishes a head in which worker-0 has p1 and worker-1 has p2, with a change of
// their assignments.
func (h *history) decides(by string, head partition.Head, change func(asg []partition.Assignment)) {
	h.step++
	head.Version, head.Step, head.Term = 1, h.step, h.term
	asg := []partition.Assignment{{Owned: []partition.Grant{grant("p1", 7)}}, {Owned: []partition.Grant{grant("p2", 7)}}}
	if change != nil {
		change(asg)
	}
	writes := []Written{{Key: messages.KeyHead}}
	for i := range asg {
		id, s := partition.WorkerIDAt("worker", i), partition.SessionID([]string{"s1", "s2"}[i])
		asg[i].Session, asg[i].Step = s, h.step
		head.Seats = append(head.Seats, partition.Seat{Worker: id, Session: s, Step: h.step})
		writes = append(writes, Written{Key: messages.KeyAssignment(id), Record: asg[i]})
	}
	writes[0].Record = head
	h.commit(by, writes...)
}

// revokes publishes that one of both workers is to let go of what it has, for the other.
func (h *history) revokes(i int) {
	h.decides("w1", partition.Head{}, func(asg []partition.Assignment) {
		g := asg[i].Owned[0]
		asg[i].Owned, asg[i].Revoking = nil, []partition.Revoke{{Partition: g.Partition, Token: g.Token, Step: h.step}}
		asg[1-i].Pending = []partition.PartitionID{g.Partition}
	})
	h.hears("w1")
}

func (h *history) hears(by string) { h.encounters.hears(by, batchOf(".head.0")) }

func batchOf(kinds ...string) (batch []bridge.Message) {
	for _, k := range kinds {
		batch = append(batch, bridge.Message{Subject: "$KV.sim.A" + k})
	}
	return batch
}

func (h *history) refuses(by string, kinds ...string) {
	h.encounters.refused(by, batchOf(kinds...), bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeWrongSequence})
}

func (h *history) pass(d time.Duration) {
	for limit := h.Timeline.Now() + d; h.Timeline.Advance(limit); {
	}
}

func (h *history) dies(name string) {
	h.processes = slices.DeleteFunc(h.processes, func(p *Process) bool { return p.Name == name })
}

func (h *history) pauses(name string) { h.find(name).lane.Pause() }

// fences ends the session of worker-1.
func (h *history) fences(silent bool) {
	h.lives("w1", "worker-1", partition.Live{Session: "s2", InstanceKey: "key", Fence: &partition.Fence{Term: h.term, AfterSilence: silent}})
}

// third lets w3 take the lead, and returns lets it claim the ID of w2.
func (h *history) third() { h.leads("w3", "worker-2", "s3") }

func (h *history) returns() {
	h.lives("w3", "worker-1", partition.Live{Session: "s4", InstanceKey: "key"})
}

func (h *history) frees(by partition.FreedBy) {
	h.decides("w1", partition.Head{Freed: []partition.Freed{{Partition: "p1", By: by}}}, nil)
}

// goesBack puts an older copy into the stream's place.
func (h *history) goesBack() {
	h.Store.streams["KV_"+Group] = &stream{config: bridge.StreamConfig{Name: "KV_" + Group, Incarnation: "A"}}
	for _, p := range h.processes {
		h.Check.knows[p.Name] = margin
	}
	h.GoBack(h.Backup())
}

func (h *history) marks() {
	h.commit("w1", Written{Key: messages.KeyTerm, Record: partition.Term{Worker: "worker-0", Session: "n", Nonce: "n", Lost: "it is older"}})
}

// told is a history, and which situations it meets.
type told struct {
	situations []Situation
	happens    func(h *history)
}

var histories = []told{
	{nil, func(h *history) {
		h.renews("w1", partition.Live{})
		h.decides("w1", partition.Head{}, nil)
		h.encounters.handsOver(sourceInHandOver)
		h.Store.Create(bridge.StreamConfig{Name: "KV_" + Group})
		h.Recreate()
		h.ceases()
		h.refuses("w1", ".journal.7")
	}},
	{[]Situation{leadOfDead}, func(h *history) { h.dies("w1"); h.third() }},
	{[]Situation{leadOfPaused}, func(h *history) { h.pauses("w1"); h.third() }},
	{[]Situation{leadOfRunning}, func(h *history) { h.third() }},
	{[]Situation{leadOfRunning, leadWithHandOver, othersHandOver}, func(h *history) {
		h.revokes(0)
		h.third()
		h.decides("w3", partition.Head{}, nil)
	}},
	{[]Situation{leadOfRunning, leadWithUnheard}, func(h *history) { h.decides("w1", partition.Head{}, nil); h.third() }},
	{[]Situation{leadOfRunning, leadWithAwaited}, func(h *history) {
		h.renews("w2", partition.Live{Restarting: true, Released: true})
		h.third()
	}},
	{[]Situation{leadOfRunning, leadWithLeaving}, func(h *history) { h.encounters.leaving["w2"] = true; h.third() }},
	{[]Situation{leadOfRunning, leadWithAbandoned, abandons}, func(h *history) {
		h.renews("w2", partition.Live{Abandoned: []partition.Abandoned{{Partition: "p2", Token: 7}}})
		h.third()
	}},
	{[]Situation{leadOfRunning, leadWithoutHead}, func(h *history) { h.Check.Expired([]string{"$KV.sim.A.head.0"}); h.third() }},
	{[]Situation{leadResigned}, func(h *history) {
		h.commit("w1", Written{Key: messages.KeyLead, Record: partition.Lead{Worker: "worker-0", Session: "s1", Released: true}})
		h.third()
	}},
	{[]Situation{deposedPublishes}, func(h *history) { h.refuses("w2", ".journal.7", ".head.0") }},
	{[]Situation{campaignsMeet}, func(h *history) { h.refuses("w2", ".lead", ".term") }},
	{[]Situation{unheardGoesOn}, func(h *history) {
		h.decides("w1", partition.Head{}, nil)
		h.decides("w1", partition.Head{}, nil)
	}},
	{[]Situation{fencedDead}, func(h *history) { h.dies("w2"); h.fences(true); h.fences(true) }},
	{[]Situation{fencedPaused}, func(h *history) { h.pauses("w2"); h.fences(true) }},
	{[]Situation{fencedRunning}, func(h *history) { h.fences(true) }},
	{[]Situation{fencedRunning, fencedLeaving}, func(h *history) { h.encounters.leaving["w2"] = true; h.fences(true) }},
	{[]Situation{fencedRunning, fencedRevoking}, func(h *history) { h.revokes(1); h.fences(true) }},
	{[]Situation{fencedRunning, fencedPending}, func(h *history) { h.revokes(0); h.fences(true) }},
	{[]Situation{fencedStuck, fencedRevoking}, func(h *history) { h.revokes(1); h.fences(false) }},
	{[]Situation{fencedForgotten}, func(h *history) { h.fences(false) }},
	{[]Situation{fenceTooLate}, func(h *history) { h.refuses("w1", ".head.0", ".live.worker-1") }},
	{[]Situation{replacedDead}, func(h *history) { h.dies("w2"); h.returns() }},
	{[]Situation{replacedPaused}, func(h *history) { h.pauses("w2"); h.returns() }},
	{[]Situation{replacedRunning, replacedLearns}, func(h *history) { h.returns(); h.refuses("w2", ".live.worker-1") }},
	{[]Situation{claimsMeet}, func(h *history) { h.refuses("w3", ".live.worker-1") }},
	{[]Situation{claimsAnew}, func(h *history) { h.lives("w2", "worker-0", partition.Live{Session: "s5"}) }},
	{[]Situation{backInTime}, func(h *history) {
		h.renews("w2", partition.Live{Restarting: true, Released: true})
		h.returns()
	}},
	{[]Situation{backTooLate}, func(h *history) {
		h.renews("w2", partition.Live{Restarting: true, Released: true})
		h.pass(h.settings.RestartHoldDown)
		h.returns()
	}},
	{[]Situation{renewedInDoubt}, func(h *history) {
		h.pass(h.settings.Lease - h.settings.DrainTimeout/2)
		h.renews("w1", partition.Live{})
	}},
	{[]Situation{renewedInDoubt, renewedAtEnd}, func(h *history) { h.pass(h.settings.Lease - nearly/2); h.renews("w1", partition.Live{}) }},
	{[]Situation{renewedAfterEnd, renewedBeforeMissed}, func(h *history) { h.pass(h.settings.Lease + nearly); h.renews("w1", partition.Live{}) }},
	{[]Situation{renewedInDoubt, renewedBeforeMissed}, func(h *history) { h.pass(h.settings.Lease + 1); h.renews("w2", partition.Live{}) }},
	{[]Situation{holdsRevoked}, func(h *history) {
		h.renews("w1", partition.Live{Applied: 8, Held: []partition.PartitionID{"p1"}})
		h.renews("w1", partition.Live{Applied: 8, Held: []partition.PartitionID{"p1"}})
	}},
	{[]Situation{freeByAck}, func(h *history) { h.frees(partition.FreedByAck) }},
	{[]Situation{freeByRelease}, func(h *history) { h.frees(partition.FreedByRelease) }},
	{[]Situation{freeByReplacement}, func(h *history) { h.frees(partition.FreedByReplacement) }},
	{[]Situation{freeByAbandonment}, func(h *history) { h.frees(partition.FreedByAbandonment) }},
	{[]Situation{freeByFence}, func(h *history) { h.frees(partition.FreedByFence) }},
	{[]Situation{ownerless}, func(h *history) {
		h.decides("w1", partition.Head{Unowned: []partition.Unowned{{Partition: "p3"}}}, nil)
	}},
	{[]Situation{sourceInHandOver, recreatedInHandOver}, func(h *history) {
		h.revokes(0)
		h.encounters.handsOver(sourceInHandOver)
		h.Store.Create(bridge.StreamConfig{Name: "KV_" + Group})
		h.Recreate()
	}},
	{[]Situation{olderCopy, intoOlderCopy}, func(h *history) { h.goesBack(); h.renews("w1", partition.Live{}) }},
	{[]Situation{olderCopy, markedCopy}, func(h *history) { h.goesBack(); h.marks() }},
	{[]Situation{olderCopy, intoOlderCopy, markedCopy, claimInMarkedCopy}, func(h *history) {
		h.goesBack()
		h.marks()
		h.lives("w3", "worker-2", partition.Live{Session: "s3"})
	}},
	{[]Situation{olderCopy, formerIncarnation}, func(h *history) {
		h.goesBack()
		h.encounters.refused("w2", batchOf(".live.worker-1"), bridge.Result{Outcome: bridge.Unknown, Err: errNoStream})
	}},
	{[]Situation{expiredHead}, func(h *history) { h.encounters.expired([]string{"$KV.sim.A.head.0", "$KV.sim.A.asg.worker-0.0"}) }},
	{[]Situation{expiredTerm, expiredLive}, func(h *history) { h.encounters.expired([]string{"$KV.sim.A.live.worker-1", "$KV.sim.A.term"}) }},
	{[]Situation{spoiltHead}, func(h *history) { h.commit(Vandal, Written{Key: messages.KeyHead}) }},
	{[]Situation{spoiltAssignment}, func(h *history) { h.commit(Vandal, Written{Key: messages.KeyAssignment("worker-0")}) }},
	{[]Situation{spoiltLive, spoiltTerm}, func(h *history) {
		h.commit(Vandal, Written{Key: messages.KeyLive("worker-0")}, Written{Key: messages.KeyTerm})
	}},
}

// Each situation is met in a history that has it, and in no other.
func TestSituations(t *testing.T) {
	met, system := Situations{}, NewSystem()
	for _, c := range slices.Concat(histories, afflicted) {
		h := newHistory(system)
		c.happens(h)
		want := Situations{}
		for _, s := range c.situations {
			want[s], met[s] = 1, 1
		}
		for s, n := range h.Met() {
			require.Equal(t, want[s], n, "%s, where %v", Situation(s), c.situations)
		}
		h.Close()
	}
	for s := range met {
		require.NotEmpty(t, Situation(s).String(), "after %s", Situation(s-1))
	}
	for s, n := range met[:listFails] { // the others are of TestTrouble, TestPanic and TestHandlersThatPanic
		require.Positive(t, n, "no history has it: %s", Situation(s))
	}
}
