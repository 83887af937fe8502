package swarm

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// covered reports whether everything is owned and worked on, and its subscribers know.
func (l *life) covered() bool {
	return len(l.world.Check.Unowned()) == 0 && len(l.world.Check.Idle()) == 0 && l.untold() == ""
}

// untold names a process whose subscriber did not hear of what is worked on. What
// drains is worked on, too.
func (l *life) untold() string {
	for _, p := range l.world.Processes() {
		handled := l.world.Check.Handled(p.Name)
		for _, o := range p.Heard.Assignment.All {
			if !slices.Contains(handled, o.ID) {
				return p.Name
			}
		}
		if p.Habits.Drain == 0 && len(handled) != len(p.Heard.Assignment.All) {
			return p.Name
		}
	}
	return ""
}

func (l *life) uncovered(when string) string {
	return fmt.Sprintf("%s there are partitions without owner %v, or on which nobody works %v, or of which the subscriber of %q does not know",
		when, l.world.Check.Unowned(), l.world.Check.Idle(), l.untold())
}

// electable reports whether there is somebody who may lead and stays. Without one nobody
// leads, whatever the faults were.
func (l *life) electable() bool {
	return slices.ContainsFunc(l.world.Processes(), func(p *sim.Process) bool { return !p.Habits.NeverLead && !p.Leaving() })
}

// bound is how long a recovery may take, with all that was still under way when
// the faults ended.
func (l *life) bound() time.Duration {
	b := l.settings.RecoveryBound(l.back) + l.strays()
	if l.settings.Ownership == partition.Available {
		b += l.settings.RecoveryGracePeriod
	}
	return b
}

// strays is how long after the last fault something may come that was under way when it
// happened: a message that is late stays so, by twice the longest of what delays are made of
// at most, or as late as anything ever is. A partition that fails is left alone at two owners, one after the other.
func (l *life) strays() time.Duration {
	late := 2 * slices.Max(l.world.Net.Lengths)
	if l.faults[sim.HeavyTail]+l.faults[sim.Lasting] > 0 {
		late = sim.Longest * slices.Max(l.world.Net.Lengths)
	}
	if l.settings.QuarantineFor == briefly {
		late += 2 * briefly
	}
	return late
}

// balance is how long it may take until nothing moves any more.
func (l *life) balance() time.Duration {
	s := l.settings
	return s.StableBound(l.back) + l.strays() + time.Duration(l.rounds)*(s.MinRebalanceInterval+s.RevokeTimeout)
}
