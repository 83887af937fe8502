package actors

import (
	"container/list"
	"iter"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// respawnDelay is how long a partition actor that ended by itself stays away.
const respawnDelay = time.Second

type itemKey struct {
	id    partition.PartitionID
	token partition.Token
}

// item is one partition under one token. It goes away when nothing of it is left.
type item struct {
	owned partition.Owned
	phase phase
	// child is its partition actor, nil if there is none now.
	child *actor.PID
	place *list.Element // among all
	// since is when it began to drain; deadline is the latest that the child was told, or
	// will be if it waits for that; step revoked the partition, and change is when that
	// was told.
	since    time.Time
	deadline time.Time
	step     partition.Step
	change   uint64
	failed   bool // its actor has, and is stopped for that
	starts   bool // its actor does, in this round
	round    partition.Round
	waits    bool            // its actor is not told to stop yet
	told     partition.Round // in which its actor was told to stop, in turn
}

type phase string

const (
	starting  phase = "starting"  // waiting for its turn, or for an older handler of the partition
	working   phase = "working"   // owned
	paused    phase = "paused"    // owned, and stopped while the lease is in doubt
	unworked  phase = "unworked"  // owned and quarantined
	draining  phase = "draining"  // revoked: waiting for handler and subscribers
	abandoned phase = "abandoned" // written off: its handler still runs
	forgotten phase = "forgotten" // of a former session: its handler still runs
)

// items are the holder's partitions, in the order they came. What one of them does
// takes no longer when there are many.
type items struct {
	list  *list.List
	byKey map[itemKey]*item
	// latest is the one that came last of a partition.
	latest map[partition.PartitionID]*item
	// byChild finds the item of a partition actor, running counts the partition
	// actors of one partition, count the items of a phase.
	byChild map[string]*item
	running map[partition.PartitionID]int
	count   map[phase]int
}

func newItems() items {
	return items{
		list: list.New(), byKey: map[itemKey]*item{}, latest: map[partition.PartitionID]*item{}, byChild: map[string]*item{},
		running: map[partition.PartitionID]int{}, count: map[phase]int{},
	}
}

func (s *items) add(it *item) {
	it.place = s.list.PushBack(it)
	s.byKey[itemKey{it.owned.ID, it.owned.Token}] = it
	s.latest[it.owned.ID] = it
	s.count[it.phase]++
}

func (s *items) turn(it *item, p phase) {
	s.count[it.phase]--
	s.count[p]++
	it.phase = p
}

// revoked notes which step took away what was let go for another reason.
func (s *items) revoked(key itemKey, step partition.Step) {
	if it := s.byKey[key]; it != nil && (it.phase == draining || it.phase == abandoned) {
		it.step = step
	}
}

// all goes through them. The one that it is at may be dropped.
func (s *items) all() iter.Seq[*item] {
	return func(yield func(*item) bool) {
		for e := s.list.Front(); e != nil; {
			it, _ := e.Value.(*item)
			e = e.Next()
			if !yield(it) {
				return
			}
		}
	}
}

func (s *items) drop(it *item) {
	s.list.Remove(it.place)
	s.count[it.phase]--
	delete(s.byKey, itemKey{it.owned.ID, it.owned.Token})
	if s.latest[it.owned.ID] == it {
		delete(s.latest, it.owned.ID)
	}
}

// add takes a partition into ownership, which may be quarantined for a while yet.
func (h *holder) add(ctx actor.Context, o partition.Owned, quarantine time.Duration) {
	it := &item{owned: o, phase: starting}
	h.items.add(it)
	if quarantine > 0 {
		h.quarantine(ctx, it, h.now.Add(min(quarantine, h.settings.Quarantine())))
		return
	}
	h.start(ctx, it)
}

// start runs the handler, unless an older one of the same partition still runs
// here: two of them at once is what ownership is to prevent.
func (h *holder) start(ctx actor.Context, it *item) {
	if h.items.running[it.owned.ID] > 0 {
		return // childEnded starts it
	}
	if h.props != nil && !h.inTurn(ctx, it) {
		return // startMore starts it
	}
	h.items.turn(it, working)
	if h.props == nil {
		return
	}
	child := h.spawn(ctx, it.owned)
	if child == nil {
		it.failed = true
		h.again(ctx, it)
		return
	}
	it.child, it.starts, it.round = child, true, h.starts.round
	h.starts.under++
	if len(h.starts.queue) > 0 {
		h.askStart(ctx, it)
	}
	h.items.byChild[child.Id] = it
	h.items.running[it.owned.ID]++
}

func (h *holder) respawnLater(ctx actor.Context, it *item) {
	ctx.Request(h.outside, messages.Remind{After: respawnDelay, Mail: respawnDue{it}})
}

// confirm: every confirming subscriber has let go up to this change.
func (h *holder) confirm(ctx actor.Context, m messages.Confirmed) holderState {
	h.confirmed = max(h.confirmed, m.Change)
	h.settle(ctx, h.items.all())
	return h.leftIf(ctx)
}

// settle drops what has drained of these: its handler has ended, and every confirming
// subscriber has let it go. Only then it leaves the acknowledged holdings.
func (h *holder) settle(ctx actor.Context, which iter.Seq[*item]) {
	count := h.items.count
	if count[draining]+count[abandoned]+count[forgotten] == 0 {
		return
	}
	before, all := count[draining], h.items.list.Len()
	for it := range which {
		if it.child == nil && h.over(it) {
			h.items.drop(it)
		}
	}
	if h.items.list.Len() != all {
		h.fewer(ctx)
	}
	h.drained(ctx, before)
}

// over reports whether only the handler of an item may be left.
func (h *holder) over(it *item) bool {
	switch it.phase {
	case draining, abandoned:
		return it.change <= h.confirmed
	case forgotten:
		return true
	default: // it is owned
		return false
	}
}

// drained tells the manager that fewer partitions drain than before.
func (h *holder) drained(ctx actor.Context, before int) {
	if now := h.items.count[draining]; now != before {
		ctx.Request(ctx.Parent(), messages.DrainingChanged{Draining: now, Abandoned: h.lapsed})
	}
}

// childEnded: a partition actor has terminated, because it was told to or not.
func (h *holder) childEnded(ctx actor.Context, m *actor.Terminated) holderState {
	it, mine := h.items.byChild[m.Who.Id]
	if !mine {
		return h.state
	}
	delete(h.items.byChild, m.Who.Id)
	if h.items.running[it.owned.ID]--; h.items.running[it.owned.ID] == 0 {
		delete(h.items.running, it.owned.ID)
	}
	it.child = nil
	h.started(ctx, it)
	h.stops.over(it)
	h.stopMore(ctx)
	if it.phase == working {
		h.again(ctx, it)
	}
	it.failed = false
	h.settle(ctx, slices.Values([]*item{it}))
	if h.state == following && h.items.count[starting] > 0 {
		h.startWaiting(ctx, it.owned.ID)
	}
	return h.leftIf(ctx)
}

// startWaiting starts what waited for the end of an older handler.
func (h *holder) startWaiting(ctx actor.Context, id partition.PartitionID) {
	if it := h.items.latest[id]; it != nil && it.phase == starting {
		h.start(ctx, it)
	}
}

func (h *holder) respawn(ctx actor.Context, m respawnDue) holderState {
	if m.Item.phase == working && m.Item.child == nil {
		h.items.turn(m.Item, starting)
		h.start(ctx, m.Item)
	}
	return following
}

// writeOff: what was revoked with this change has had its time.
func (h *holder) writeOff(ctx actor.Context, m drainDue) holderState {
	before := h.items.count[draining]
	if h.abandon(ctx, m.Change) {
		h.news(ctx)
		h.drained(ctx, before)
	}
	return h.leftIf(ctx)
}

// abandon writes off what drains since this change or longer. The session goes
// on; the token protects what the handler still does.
func (h *holder) abandon(ctx actor.Context, change uint64) bool {
	found := 0
	for it := range h.items.all() {
		if it.phase == draining && it.change <= change {
			h.items.turn(it, abandoned)
			if it.waits { // this reminder was faster than the other
				h.stopChild(ctx, it, it.deadline)
			}
			h.stops.over(it)
			if found++; found <= maxLogged {
				h.logAbandoned(ctx, it)
			}
		}
	}
	if found > maxLogged {
		ctx.Logger().Warn("more partitions are written off", "worker", string(h.worker), "more", found-maxLogged)
	}
	h.lapsed += found
	h.stopMore(ctx)
	return found > 0
}

// maxLogged is how many of the partitions that are written off at once the log names.
const maxLogged = 100

func (h *holder) logAbandoned(ctx actor.Context, it *item) {
	ctx.Logger().Warn("a partition is written off: what works on it did not stop in time", "worker", string(h.worker),
		"partition", string(it.owned.ID), "token", uint64(it.owned.Token), "step", uint64(it.step), "since", it.since, "running", it.who())
}

// who has not let go.
func (it *item) who() string {
	if it.child == nil {
		return "a subscriber has not let go"
	}
	return it.child.Id
}
