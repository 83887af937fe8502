package actors

import (
	"cmp"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// subscribers are those who want to know what this worker owns, each with what it
// was told last, so that it never hears of something twice or backwards.
type subscribers struct {
	list []*subscriber
	said uint64 // the change up to which the holder knows that all let go
}

type subscriber struct {
	pid     *actor.PID
	confirm bool
	// What it was told last.
	told    []partition.Owned
	pending []partition.PartitionID
	step    partition.Step
	// debts are messages with something in Lost that were not answered yet.
	debts []debt
}

// debt is one such message. It holds back whatever was lost with its change.
type debt struct {
	step   partition.Step
	change uint64
	lost   []partition.Owned
}

func (s *subscribers) tell(ctx actor.Context, mail any) {
	for _, x := range s.list {
		ctx.Send(x.pid, mail)
	}
}

// unwatch is for a manager that ends: the end of a subscriber is news for nobody.
func (s *subscribers) unwatch(ctx actor.Context) {
	for _, x := range s.list {
		ctx.Unwatch(x.pid)
	}
}

// add replaces a subscription of the same actor, and tells the present
// assignment if there ever was one. Who subscribes again has not let go by that: it
// owes what it owed, and is told so, as it may have forgotten.
func (s *subscribers) add(ctx actor.Context, m messages.Subscribe, now messages.AssignmentApplied) {
	x := &subscriber{pid: m.PID, confirm: m.Confirm}
	if i := s.index(m.PID); i >= 0 {
		x.debts = s.list[i].debts
		s.list[i] = x
	} else {
		s.list = append(s.list, x)
	}
	if now.Step == 0 {
		return
	}
	owed := x.owed(now.All)
	if len(owed) > 0 && x.confirm {
		x.debts = append(x.debts, debt{now.Step, now.Change + 1, owed}) // of what was lost so far, the others tell
	}
	x.say(ctx, now, now.All, owed)
}

func (s *subscribers) index(pid *actor.PID) int {
	return slices.IndexFunc(s.list, func(x *subscriber) bool { return x.pid.Equal(pid) })
}

// owed is what was lost, is not confirmed, and was not gained again.
func (x *subscriber) owed(all []partition.Owned) []partition.Owned {
	seen := make(map[partition.Owned]bool, len(all))
	for _, o := range all {
		seen[o] = true
	}
	var lost []partition.Owned
	for _, d := range x.debts {
		for _, o := range d.lost {
			if !seen[o] {
				seen[o] = true
				lost = append(lost, o)
			}
		}
	}
	slices.SortFunc(lost, func(a, b partition.Owned) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Token, b.Token)) })
	return lost
}

// remove ends a subscription, and reports whether there was one. What it owes
// counts as answered.
func (s *subscribers) remove(pid *actor.PID) bool {
	i := s.index(pid)
	if i < 0 {
		return false
	}
	s.list = slices.Delete(s.list, i, i+1)
	return true
}

func (s *subscribers) assign(ctx actor.Context, m messages.AssignmentApplied) {
	for _, x := range s.list {
		x.assign(ctx, m)
	}
}

// assign tells what is new to this subscriber. A session that ends before it was
// assigned anything is no news.
func (x *subscriber) assign(ctx actor.Context, m messages.AssignmentApplied) {
	gained, lost := partition.Diff(x.told, m.All)
	if len(gained)+len(lost) == 0 && m.Step <= x.step && slices.Equal(m.Pending, x.pending) {
		return
	}
	if len(lost) > 0 && x.confirm {
		x.debts = append(x.debts, debt{m.Step, m.Change, lost})
	}
	x.say(ctx, m, gained, lost)
}

func (x *subscriber) say(ctx actor.Context, m messages.AssignmentApplied, gained, lost []partition.Owned) {
	x.told, x.pending, x.step = m.All, m.Pending, m.Step
	ctx.Send(x.pid, messages.AssignmentChanged{
		Worker: m.Worker, Version: m.Version, Step: m.Step, Gained: gained, Lost: lost, All: m.All, Pending: m.Pending, At: m.At,
	})
}

// letGo settles one message: all debts of lower steps, and the oldest of this one.
// A step can be followed by a change without one, as when a lease ends, and an
// answer to the first must not count for the second.
func (s *subscribers) letGo(m messages.LetGo) {
	for _, x := range s.list {
		if m.PID == nil || !x.pid.Equal(m.PID) {
			continue
		}
		for len(x.debts) > 0 && x.debts[0].step < m.Step {
			x.debts = x.debts[1:]
		}
		if len(x.debts) > 0 && x.debts[0].step == m.Step {
			x.debts = x.debts[1:]
		}
	}
}

// settled returns up to which change everybody has let go, and whether that is
// news.
func (s *subscribers) settled(latest uint64) (change uint64, news bool) {
	change = latest
	for _, x := range s.list {
		if len(x.debts) > 0 {
			change = min(change, x.debts[0].change-1)
		}
	}
	if change <= s.said {
		return s.said, false
	}
	s.said = change
	return change, true
}
