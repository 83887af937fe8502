package live

import (
	"fmt"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// loud are settings of a worker that soon complains when its store is away.
func loud(mode partition.Ownership) partition.Settings {
	s := calm(partition.Default())
	s.Ownership, s.EnterThreshold = mode, 2*time.Second
	s.ExitThreshold = 15 * time.Second // within which the store is away again, on any machine
	s.Alerts = partition.AlertTimes{Info: 500 * time.Millisecond, Warn: 1500 * time.Millisecond, Error: 2500 * time.Millisecond, Critical: 3500 * time.Millisecond, Repeat: 700 * time.Millisecond}
	return s
}

// due is the level of an alert that comes so long after the outage began.
func due(a partition.AlertTimes, lasts time.Duration) partition.AlertLevel {
	level := partition.Silence
	for i, at := range []time.Duration{a.Info, a.Warn, a.Error, a.Critical} {
		if lasts >= at {
			level = partition.AlertInfo + partition.AlertLevel(i)
		}
	}
	return level
}

// The store is away, and the worker says so, louder and louder, and again and again, to
// subscribers and in the log. That the store is back for a moment does not end it: when
// it goes again, it is the same outage. Who still has its session is degraded until the
// store was healthy for long enough.
//
// hazard 56
func TestDegraded_Alerts(t *testing.T) {
	beside(t)
	for _, mode := range []partition.Ownership{partition.Exclusive, partition.Available} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			var logged log
			g := newGroup(t, loud(mode), 3)
			g.logger = slog.New(slog.NewTextHandler(&logged, nil))
			all := g.start(1)
			w, l := all[0], g.ledger
			own := w.snapshot()
			critical := func(after time.Time, n int) {
				l.await(fmt.Sprintf("%d critical alerts", n), func() bool { return l.pages[w].loudest(after) >= n })
			}

			w.cable.cut()
			critical(time.Time{}, 2)
			before := l.read(w)
			w.cable.mend()
			back := func() bool {
				p := l.pages[w]
				return !p.is(messages.Degraded) || p.health.Reason == "the store answers again, but not for long enough yet"
			}
			l.await("it is back", back)
			w.cable.cut()
			l.await("it notices, as the alerts go on meanwhile", func() bool { return !back() })
			critical(before.alerts[len(before.alerts)-1].At.Add(g.settings.Alerts.Repeat), 2)

			heard := l.read(w)
			if mode == partition.Available {
				require.Equal(t, before.states, heard.states, "it is degraded all the while, and then still")
			}
			mended := time.Now()
			w.cable.mend()
			g.atRest(w)
			if mode == partition.Available {
				require.GreaterOrEqual(t, l.read(w).changed.Sub(mended), g.settings.ExitThreshold)
			}
			levels := map[partition.AlertLevel]slog.Level{
				partition.AlertInfo: slog.LevelInfo, partition.AlertWarn: slog.LevelWarn,
				partition.AlertError: slog.LevelError, partition.AlertCritical: bridge.LevelCritical,
			}
			for i, a := range heard.alerts {
				lasts := a.At.Sub(a.Since)
				require.Equal(t, heard.alerts[0].Since, a.Since, "it is one outage")
				require.Equal(t, due(g.settings.Alerts, lasts), a.Level, "after %v", lasts)
				who := fmt.Sprintf("worker=%s session=%s", own.Worker, own.Session)
				if mode == partition.Exclusive && i >= len(before.alerts) {
					who = `worker=\S+ session=\w+` // whose lease had ended is somebody else when the store is back
				}
				require.Regexp(t, fmt.Sprintf(`level=%s msg="the worker is degraded" group=live %s alert=%v for=%v reason=`,
					regexp.QuoteMeta(levels[a.Level].String()), who, a.Level, lasts.Round(time.Second)), logged.all())
			}
		})
	}
}

// loudest is how many critical alerts came after an instant.
func (p *page) loudest(after time.Time) (n int) {
	for _, a := range p.alerts {
		if a.Level == partition.AlertCritical && a.At.After(after) {
			n++
		}
	}
	return n
}
