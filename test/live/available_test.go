package live

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/links"
	"github.com/troupe-actors/troupe/test/umpire"
)

// available are settings of a group whose workers work on without a store.
func available() partition.Settings {
	s := swift()
	s.Ownership = partition.Available
	return s
}

// keeps waits until a worker that lost the store is degraded, and has what it had.
func (g *group) keeps(w *worker, had int) {
	g.t.Helper()
	g.ledger.await(w.name+" is degraded, and keeps what it has", func() bool {
		p := g.ledger.pages[w]
		return p.is(messages.Degraded) && len(p.owned) == had && !p.health.Healthy
	})
}

// The server is away for longer than the leases of an Available group: everybody is
// degraded and works on. When it is back, nobody has been taken for dead, and nothing
// has moved.
//
// hazard 56
func TestAvailable_ServerGone(t *testing.T) {
	beside(t)
	cfg := keeping(t)
	s := available()
	s.RecoveryGracePeriod = patience
	g := groupOn(t, cfg, s, 24)
	g.watched()
	all := g.start(3)
	begin := g.ledger.mark()
	g.restart(cfg, func() {
		g.ledger.await("everybody is degraded", func() bool {
			return g.ledger.all(all, func(p *page) bool { return p.is(messages.Degraded) && !p.health.Healthy })
		})
		end := now() + g.settings.Wait(g.settings.Lease)
		g.works("everybody works on", func(u *umpire.Umpire) bool { return u.Now() > end && len(u.Missing()) == 0 })
	})
	g.atRest(all...)
	g.whole()
	g.ledger.unmoved(begin, all...)
	g.umpire.Ask(func(u *umpire.Umpire) { require.Empty(t, u.Overlaps) })
}

// The leader of an Available group is cut off, and works on. The others take over what
// it has: two work on it, until it hears of them.
//
// hazard 56
func TestAvailable_CutOff(t *testing.T) {
	beside(t)
	g, link, all := linked(t, promising(available()))
	g.ledger.twice = true
	had := len(g.ledger.read(all[0]).owned)
	require.Positive(t, had)
	link.Set(links.Silent)
	g.atRest(all[1:]...)
	g.works("two work on what it has", func(u *umpire.Umpire) bool { return u.Overlapping() == had })
	g.keeps(all[0], had)
	g.works("a sink can tell what it does from what the others do", func(u *umpire.Umpire) bool { return u.Refused > 0 })

	back := now()
	link.Set(links.Whole)
	g.works("nobody works on what others have", func(u *umpire.Umpire) bool { return u.Overlapping() == 0 })
	took := now() - back
	g.inTime(back, all...)
	g.umpire.Ask(func(u *umpire.Umpire) {
		require.GreaterOrEqual(t, len(u.Overlaps), had)
		t.Logf("two worked on a partition for %v, until %v after the link was whole",
			slices.Max(u.Overlaps).Round(time.Millisecond), took.Round(time.Millisecond))
	})
}

// An Available worker is degraded by so many failures within KVErrorWindow, however
// patient EnterThreshold is, and after EnterThreshold, however many failures it bears;
// by neither it is not, long after its lease.
//
// hazard 56
func TestAvailable_Thresholds(t *testing.T) {
	beside(t)
	for name, c := range map[string]struct {
		enter  time.Duration
		errors int
	}{"failures": {far, 7}, "time": {2 * time.Second, partition.MaxCount}, "neither": {far, partition.MaxCount}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := available()
			s.EnterThreshold, s.KVErrorThreshold, s.KVErrorWindow = c.enter, c.errors, far
			g := newGroup(t, s, 3)
			g.watched()
			w := g.start(1)[0]
			w.cable.cut()
			if name == "neither" {
				end := now() + 2*s.Lease
				g.works("it works on", func(u *umpire.Umpire) bool { return u.Now() > end && len(u.Missing()) == 0 })
				require.NotContains(t, g.ledger.read(w).states, messages.Degraded)
				return
			}
			g.keeps(w, 3)
			w.cable.mend()
			g.atRest(w)
			g.whole()
		})
	}
}
