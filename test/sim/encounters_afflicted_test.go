package sim

import (
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// afflicted are histories of nodes, and of a store, that do not do what they should.
var afflicted = []told{
	{[]Situation{slowDecides}, func(h *history) { h.processes[0].Slow(1); h.decides("w1", partition.Head{}, nil) }},
	{[]Situation{fencedRunning, slowFenced}, func(h *history) { h.processes[1].Slow(1); h.fences(true) }},
	{[]Situation{fencedPaused, suspendedFenced}, func(h *history) { h.processes[1].Suspend(time.Hour); h.fences(true) }},
	{[]Situation{suspendedBesides}, func(h *history) {
		h.Check.Begins("w1", Handler, partition.Owned{ID: "p1", Token: 7})
		h.processes[0].Suspend(time.Hour)
		h.pass(h.settings.Lease / 2)
		h.renews("w2", partition.Live{})
		h.pass(h.settings.Lease/2 + 1)
		h.Check.Begins("w2", Handler, partition.Owned{ID: "p1", Token: 8})
		h.processes[0].Resume()
	}},
	{[]Situation{leadOfRunning, laggingLead}, func(h *history) { h.Net.lagging = &replica{}; h.third() }},
	{[]Situation{fenceTooLate, laggingFence}, func(h *history) {
		h.Net.lagging = &replica{}
		h.refuses("w1", ".head.0", ".live.worker-1")
	}},
	{[]Situation{lostBatch}, func(h *history) { h.loses() }},
	{[]Situation{lostBatch, lostGrant}, func(h *history) {
		h.Check.Begins("w1", Handler, partition.Owned{ID: "p1", Token: 7})
		h.loses()
	}},
	{[]Situation{leadOfRunning, outrunLead}, func(h *history) {
		h.Check.lapse.above = map[partition.WorkerID]time.Duration{"worker-1": 0}
		h.third()
	}},
	{[]Situation{watchEnds, watchFades}, func(h *history) { h.revokes(0); h.ceases() }},
	{[]Situation{tooLargeHead, tooLargeLive}, func(h *history) {
		for _, batch := range [][]bridge.Message{batchOf(".journal.7", ".head.0", ".live.worker-1"), batchOf(".live.worker-1")} {
			h.encounters.refused("w1", batch, bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeTooLarge, Err: errTooLarge})
		}
	}},
	{[]Situation{deniedLead, deniedLive}, func(h *history) {
		for _, batch := range [][]bridge.Message{batchOf(".journal.7", ".head.0", ".live.worker-1"), batchOf(".live.worker-1")} {
			h.encounters.refused("w1", batch, denied())
		}
	}},
	{[]Situation{nobodyForHead, nobodyForTerm, nobodyForLive}, func(h *history) {
		for _, batch := range [][]bridge.Message{batchOf(".journal.7", ".head.0", ".live.worker-1"), batchOf(".lead", ".term"), batchOf(".live.worker-1")} {
			h.encounters.refused("w1", batch, nobody())
		}
	}},
	{[]Situation{fullForHead, fullForTerm, fullForLive}, func(h *history) {
		for _, batch := range [][]bridge.Message{batchOf(".journal.7", ".head.0", ".live.worker-1"), batchOf(".lead", ".term"), batchOf(".live.worker-1")} {
			h.encounters.refused("w1", batch, bridge.Result{Outcome: bridge.Unknown, Code: codeNotStored, Err: errFull})
		}
	}},
}

// loses lets the store lose all that it has.
func (h *history) loses() {
	empty := &stream{config: bridge.StreamConfig{Name: "KV_" + Group, Incarnation: "A"}}
	h.Store.streams[empty.config.Name] = empty
	h.losing = &losing{before: &Copy{empty.clone()}}
	h.lose(func() {})
}

// ceases: of two watches that run, beside one that does not yet, one ends and the other one falls
// silent.
func (h *history) ceases() {
	p := h.processes[0]
	p.Port = h.Net.Port(p.lane, "KV_"+Group)
	for _, begun := range []bool{false, true, true} {
		p.Port.watches = append(p.Port.watches, &watch{port: p.Port, begun: begun, untap: func() {}})
	}
	p.EndWatch()
	p.FadeWatch()
	p.EndWatch() // none runs any more
	p.FadeWatch()
}
