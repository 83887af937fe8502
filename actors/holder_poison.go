package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// poison is what a holder knows of partitions whose actors fail too often.
type poison struct {
	failures partition.Failures
	failing  []*item // whose failures are counted when it is known what time it is
	// until is when the quarantine of a partition ends under one token; zero if it has
	// ended. It is kept until the leader has taken note of it; listed is what it listed.
	until  map[itemKey]time.Time
	listed map[itemKey]bool
	// former is what had ended in sessions that were lost, and until when that is told.
	former map[itemKey]time.Time
	cut    int                     // entries for which the record has no room
	told   []partition.PartitionID // to the manager
}

// toldAfter is how long what a lost session had ended is told on: that session's record may
// never have said so, and by then the leader has given the partition to somebody.
const toldAfter = time.Hour

func newPoison() poison {
	return poison{
		failures: partition.Failures{}, until: map[itemKey]time.Time{}, listed: map[itemKey]bool{}, former: map[itemKey]time.Time{},
	}
}

// lose forgets what the lost session had quarantined: its record says it. What had ended
// is kept, as the record may not have heard of it.
func (p *poison) lose(now time.Time) {
	for key, until := range p.until {
		if until.IsZero() {
			p.former[key] = now.Add(toldAfter)
		}
	}
	clear(p.until)
	clear(p.listed)
}

// paroleDue: the quarantine that lasts until then is over.
type paroleDue struct {
	Item  *item
	Until time.Time
}

// failure hears that a partition actor failed, before it is stopped.
func (h *holder) failure(child *actor.PID) {
	if it := h.items.byChild[child.Id]; it != nil {
		it.failed = true
	}
}

// again starts what has ended by itself, later. What failed may have failed too often.
func (h *holder) again(ctx actor.Context, it *item) {
	if !it.failed {
		h.respawnLater(ctx, it)
		return
	}
	it.failed = false
	h.poison.failing = append(h.poison.failing, it)
	ctx.Request(h.outside, messages.GetTime{})
}

// count judges what failed, now that it is known when.
func (h *holder) count(ctx actor.Context, m messages.Time) {
	h.hear(m.At)
	failing := h.poison.failing
	h.poison.failing = nil
	for _, it := range failing {
		exceeds := h.poison.failures.Exceed(it.owned.ID, h.settings.PoisonBudget, m.At)
		switch {
		case it.phase != working || it.child != nil: // it is taken away, or was begun anew: the next failure is one too many
		case exceeds:
			delete(h.poison.failures, it.owned.ID)
			ctx.Logger().Warn("a partition is quarantined: its actor failed too often",
				"partition", string(it.owned.ID), "token", uint64(it.owned.Token))
			h.quarantine(ctx, it, m.At.Add(h.settings.Quarantine()))
			h.news(ctx)
			h.tellQuarantined(ctx)
		default:
			h.respawnLater(ctx, it)
		}
	}
}

// quarantine leaves a partition unworked. It is owned all the same: the next owner
// would fail as well.
func (h *holder) quarantine(ctx actor.Context, it *item, until time.Time) {
	h.items.turn(it, unworked)
	key := itemKey{it.owned.ID, it.owned.Token}
	h.poison.until[key] = until
	delete(h.poison.listed, key)
	ctx.Request(h.outside, messages.Remind{From: until, Mail: paroleDue{it, until}})
}

func (h *holder) parole(ctx actor.Context, m paroleDue) {
	if h.poison.until[itemKey{m.Item.owned.ID, m.Item.owned.Token}].Equal(m.Until) {
		h.hear(m.Until)
		h.free(ctx, m.Item)
	}
}

// release ends a quarantine because somebody says so.
func (h *holder) release(ctx actor.Context, m messages.ReleasePartition) {
	answer := messages.PartitionReleased{Partition: m.Partition}
	if it := h.items.latest[m.Partition]; it == nil || !h.free(ctx, it) {
		answer.Reason = "it is not quarantined at this worker"
	}
	if ctx.Sender() != nil {
		ctx.Respond(answer)
	}
}

// free works on a partition again, at once unless the lease is in doubt.
func (h *holder) free(ctx actor.Context, it *item) bool {
	if it.phase != unworked {
		return false
	}
	h.poison.until[itemKey{it.owned.ID, it.owned.Token}] = time.Time{}
	h.items.turn(it, paused)
	if h.state == following {
		h.items.turn(it, starting)
		h.start(ctx, it)
	}
	h.news(ctx)
	h.tellQuarantined(ctx)
	return true
}

// noted drops quarantines of which the leader has taken note: it did so with the
// acknowledgement that let it give the partition away, or lists no more what is over.
func (h *holder) noted(quarantined map[itemKey]time.Duration) {
	if len(h.poison.until) == 0 {
		return
	}
	mine := map[itemKey]bool{}
	for _, g := range h.latest.Owned {
		mine[itemKey{g.Partition, g.Token}] = true
	}
	for _, r := range h.latest.Revoking {
		mine[itemKey{r.Partition, r.Token}] = true
	}
	for key, until := range h.poison.until {
		_, lists := quarantined[key]
		if !mine[key] && h.items.byKey[key] == nil || until.IsZero() && h.poison.listed[key] && !lists {
			delete(h.poison.until, key)
			delete(h.poison.listed, key)
		} else if lists {
			h.poison.listed[key] = true
		}
	}
}

// sentences are what the leader has to know.
func (h *holder) sentences(ctx actor.Context) (out []partition.Poison) {
	for key, until := range h.poison.until {
		out = append(out, partition.Poison{Partition: key.id, Token: key.token, Left: max(0, until.Sub(h.now))})
	}
	for key, until := range h.poison.former {
		if h.now.Before(until) {
			out = append(out, partition.Poison{Partition: key.id, Token: key.token})
		} else {
			delete(h.poison.former, key)
		}
	}
	fit := partition.FitPoison(out)
	if cut := len(out) - len(fit); cut != h.poison.cut {
		h.poison.cut = cut
		ctx.Logger().Warn("the record has no room for all quarantines: what is not listed is not handed on", "cut", cut)
	}
	return fit
}

// tellQuarantined tells the manager what is left unworked, when that has changed.
func (h *holder) tellQuarantined(ctx actor.Context) {
	var now []partition.PartitionID
	if h.items.count[unworked] > 0 {
		for it := range h.items.all() {
			if it.phase == unworked {
				now = append(now, it.owned.ID)
			}
		}
	}
	if !slices.Equal(now, h.poison.told) {
		h.poison.told = now
		ctx.Request(ctx.Parent(), messages.QuarantineChanged{Quarantined: now})
	}
}
