package swarm

import (
	"fmt"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/test/sim"
)

// grow demands that a join is answered by a move.
func (l *life) grow() string {
	before := l.world.Check.Moves()
	p := l.join("")
	limit := l.balance()
	answered := func() bool { return len(p.Heard.Assignment.All) > 0 && l.covered() }
	if !l.world.RunUntil(limit, answered) {
		return l.uncovered(fmt.Sprintf("I5: %v after %s joined it owns %d; ", limit, p.Name, len(p.Heard.Assignment.All)))
	}
	if l.lived.Moves = l.world.Check.Moves() - before; l.lived.Moves == 0 {
		return "a join was answered without a move"
	}
	return ""
}

// rest demands that everybody is Stable in time, and that nothing is published while
// nothing changes.
func (l *life) rest() string {
	s := l.settings
	l.world.Run(l.balance())
	for _, p := range l.world.Processes() {
		if p.Heard.State != messages.Stable {
			return fmt.Sprintf("I5: when everything has been well for longer than StableBound, %s is %s", p.Name, p.Heard.State)
		}
		if !p.Heard.Health.Healthy {
			return fmt.Sprintf("I10: when everything has been well for longer than StableBound, %s is not: %s", p.Name, p.Heard.Health.Reason)
		}
	}
	if n := l.world.Check.Moving(); n > 0 {
		return fmt.Sprintf("I10: all are Stable, and %d partitions are on their way", n)
	}
	heads, took := l.world.Check.Heads(), l.world.Took()
	if !l.world.Run(3 * s.Lease) {
		return "broken"
	}
	if l.world.Check.Heads() != heads {
		return "I6: a head was published although nothing had changed"
	}
	if !l.covered() {
		return l.uncovered("I5: at rest")
	}
	if !l.world.Idle(3*s.Lease, took) {
		return "broken"
	}
	return ""
}

// lists demands that a refresh is served in time which somebody asks for while nothing else
// happens.
func (l *life) lists() string {
	all := l.world.Processes()
	p := all[len(all)-1]
	p.Heard.Refreshed = messages.Refreshed{}
	p.Refresh(messages.RefreshPartitions{})
	if !l.world.RunUntil(l.balance(), func() bool { return p.Heard.Refreshed != (messages.Refreshed{}) }) || p.Heard.Refreshed.Reason != "" {
		return fmt.Sprintf("I10: at rest, %s is not refreshed: %s", p.Name, p.Heard.Refreshed.Reason)
	}
	return ""
}

// stop stops everybody and demands that nothing is left.
func (l *life) stop() string {
	l.world.Check.Stirs()
	const soon = 2 * time.Second
	most := l.settings.ShutdownTimeout * time.Duration(sim.TrueRate) / time.Duration(sim.SlowestRate)
	for _, p := range l.world.Processes() {
		l.world.Plan(l.world.Soon(soon), func() { p.Stop(false) })
	}
	if !l.world.RunUntil(soon+most, func() bool { return len(l.world.Processes()) == 0 }) {
		var there []string
		for _, p := range l.world.Processes() {
			there = append(there, p.Name)
		}
		return fmt.Sprintf("I8: %v after Stop, still there: %s", l.settings.ShutdownTimeout, strings.Join(there, ", "))
	}
	if left := l.world.Check.Claimed(); len(left) > 0 {
		return fmt.Sprintf("I7: everybody has stopped, and there are claims left: %v", left)
	}
	return ""
}
