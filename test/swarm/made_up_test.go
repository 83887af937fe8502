package swarm

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/test/sim"
)

// endings are how a life may be made to end badly, after everything was well: then demands
// something, and word is what it says.
var endings = map[string]struct {
	made func(l *life)
	then func(l *life) string
	word string
}{
	"nobody reaches the store after the faults": {func(l *life) {
		l.mend = func() {
			cutsAll(l)
			l.change()
		}
	}, (*life).heal, "^I5: .* after the last fault there are partitions without owner"},
	"nobody lists what a refresh asks for": {func(l *life) {
		l.mend = func() {
			listsNothing(l)
			first(l).Refresh(messages.RefreshPartitions{})
			l.world.Run(time.Second)
		}
	}, (*life).heal, "^I10: .* refreshes are not served that were asked for: of .worker-"},
	"nobody lists at rest": {listsNothing, (*life).lists, "^I10: at rest, w.* is not refreshed: the leader .* has not served it yet"},
	"a subscriber is told nothing": {func(l *life) {
		p := first(l)
		p.Heard.Assignment.All = slices.Clone(p.Heard.Assignment.All)[1:]
		p.Habits.Drain = 0
	}, (*life).heal, `^I5: .* of which the subscriber of "w1" does not know`},
	"who joins gets nothing": {func(l *life) {
		l.world.Plan(0, func() {
			all := l.world.Processes()
			all[len(all)-1].Port.Cut()
		})
	}, (*life).grow, "^I5: .* joined it owns 0"},
	"somebody is not Stable":  {func(l *life) { first(l).Port.Cut() }, (*life).rest, "^I5: .* w1 is "},
	"somebody is not healthy": {func(l *life) { first(l).Heard.Health.Healthy, first(l).Heard.Health.Reason = false, "no reason" }, (*life).rest, "^I10: .*w1 is not: no reason"},
	"the source changes at rest": {func(l *life) {
		l.world.Plan(l.balance()+l.settings.Lease, func() { l.world.List(l.world.Partitions()[1:]) })
	}, (*life).rest, "^I6: a head was published"},
	"somebody crashes at rest": {func(l *life) {
		l.world.Plan(l.balance()+3*l.settings.Lease-time.Millisecond, func() { first(l).Crash() })
	}, (*life).rest, "^I5: at rest there are"},
	"somebody does not stop": {func(l *life) { first(l).Pause(time.Hour) }, (*life).stop, "^I8: .* still there: w1$"},
	"somebody does not let go of its ID": {func(l *life) {
		for _, p := range l.world.Processes() {
			p.Crash()
		}
	}, (*life).stop, "^I7: .* claims left"},
}

func first(l *life) *sim.Process { return l.world.Processes()[0] }

func cutsAll(l *life) {
	for _, p := range l.world.Processes() {
		p.Port.Cut()
	}
}

func listsNothing(l *life) {
	for _, p := range l.world.Processes() {
		p.Trouble(sim.Trouble{Silent: true})
	}
}

// What is demanded of a life at its end is not given: something is made up that keeps it from
// being so.
func TestALifeThatDoesNotEndWell(t *testing.T) {
	system := sim.NewSystem()
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			l := begin(1, sim.Faults{}, system)
			defer l.world.Close()
			l.faults, l.prompt = sim.Faults{}, true
			require.True(t, l.youth(15*time.Second), l.world.Broken(lines))
			require.Empty(t, l.heal())
			require.True(t, l.world.RunUntil(l.balance(), func() bool { return settled(l.world) }), l.world.Broken(lines))
			c.made(l)
			wrong := c.then(l)
			require.Empty(t, l.world.Broken(0))
			require.Regexp(t, c.word, wrong)
		})
	}
}

// Some lives have a lull, none of those whose seeds are kept; one whose lull ends badly says so.
func TestLulls(t *testing.T) {
	var with []uint64
	for s := range uint64(2 * enough) {
		if lull(s) {
			with = append(with, s)
		}
	}
	require.Equal(t, enough+1, afterFirst)
	first, _ := slices.BinarySearch(with, afterFirst)
	require.InDelta(t, enough/rare, first, 30, "of those that ci lives")
	require.InDelta(t, enough/rare, len(with)-first, 30)
	require.False(t, slices.ContainsFunc(former(t), lull))
	system := sim.NewSystem()
	for _, s := range with[:3] {
		r := Plan{}.Live(s, system, lines)
		require.Empty(t, r.Broken, "%s", r)
	}
	l := begin(1, sim.Faults{}, system)
	defer l.world.Close()
	l.faults, l.lull = sim.Faults{}, true
	l.mend = func() {
		cutsAll(l)
		l.change()
	}
	require.Regexp(t, "^in a lull, I5: ", l.suffers())
}
