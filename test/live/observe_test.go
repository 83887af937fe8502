package live

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/observe"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// asked returns what a handler says.
func asked(t *testing.T, h http.Handler) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	return w.Code, w.Body.String()
}

// prompt asks until the manager answers within a second, as it may not on a busy machine.
func prompt(t *testing.T, h http.Handler) (code int, text string) {
	for code == 0 || strings.Contains(text, "does not answer") {
		code, text = asked(t, h)
	}
	return code, text
}

// labels are all values that labels may have, whatever the group does.
var labels = map[string][]string{
	"state": {
		"Init", "ClaimingID", "Election", "WaitingAssignment", "Stable", "Scaling", "Rebalancing", "Emergency", "Degraded", "Shutdown",
	},
	"kind":    {"owned", "draining", "pending", "quarantined", "write", "read", "watch", "stream", "probe"},
	"outcome": {"accepted", "conflicted", "refused", "denied", "unknown", "unsent"},
	"cause": {
		"cold start", "crash", "leave", "restart", "refresh", "drain", "partitions removed", "partitions added",
		"unfinished hand-over", "join", "balance",
	},
	"actor": {
		"manager", "outside", "holder", "partition", "session", "election", "term", "watcher", "poller", "debouncer", "calculator",
		"publisher", "strategy", "source", "user", "owners", "refresher",
	},
	"when": {"before", "after"}, "level": {"info", "warn", "error", "critical"},
}

// told fails if a label has a value that is not known before, and reports whether a scrape
// has everything that a worker can tell.
func told(t *testing.T, registry *prometheus.Registry) bool {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	there := map[string]bool{}
	for _, family := range families {
		there[family.GetName()] = true
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				require.Contains(t, labels[label.GetName()], label.GetValue(), family.GetName())
			}
		}
	}
	return there["troupe_store_operations_total"] && there["troupe_mailbox_length"]
}

// Metrics and probes of a worker that leads, loses the store, has it again, and stops.
func TestObserve(t *testing.T) {
	beside(t)
	g := newGroup(t, mortal(), 8)
	g.handler = func(*worker) func(partition.Owned) *actor.Props {
		return func(partition.Owned) *actor.Props { return actor.PropsFromFunc(func(actor.Context) {}) }
	}
	all := g.start(2)
	w, _ := g.leader(all...)
	o := observe.New(w.system, w.manager)
	defer o.Stop()
	registry := prometheus.NewRegistry()
	registry.MustRegister(o)
	// says waits until something is said: a manager that takes longer than a second to
	// answer is not up, as on a machine that does other work.
	says := func(h http.Handler, code int, words ...string) {
		t.Helper()
		g.until(strings.Join(words, ", "), func() bool {
			got, text := asked(t, h)
			for _, word := range words {
				if !strings.Contains(text, word) {
					return false
				}
			}
			return got == code
		})
	}
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	says(o.Readyz(), http.StatusOK, "ok")
	says(metrics, http.StatusOK, "troupe_up 1", "troupe_leading 1", "troupe_members 2", "troupe_unowned 0", `troupe_partitions{kind="owned"} 4`,
		`troupe_state{state="Stable"} 1`, "troupe_healthy 1")

	w.cable.cut()
	g.ledger.await("it is degraded", func() bool { return g.ledger.pages[w].is(messages.Degraded) })
	says(o.Readyz(), http.StatusServiceUnavailable)
	says(o.Healthz(), http.StatusOK, "ok") // a restart would mend nothing
	says(metrics, http.StatusOK, `troupe_state{state="Degraded"} 1`, "troupe_healthy 0")
	w.cable.mend()
	g.atRest(all...)
	says(o.Readyz(), http.StatusOK, "ok")
	says(metrics, http.StatusOK, `troupe_state_seconds_count{state="Degraded"}`)

	g.until("everything is told", func() bool { return told(t, registry) })
	ask[messages.Drained](w, messages.Drain{})
	says(o.Readyz(), http.StatusServiceUnavailable, "it is drained")
	require.NoError(t, w.stop())
	for _, h := range []http.Handler{o.Readyz(), o.Healthz()} {
		code, text := asked(t, h)
		require.Equal(t, http.StatusServiceUnavailable, code, text)
	}
	says(metrics, http.StatusOK, "troupe_up 0")
}

// What probes say of a worker in states that last: one that waits for its store, for an
// ID or to hear who leads is not ready, one that takes part in what the group does is. A
// restart would mend none of it.
func TestObserve_Probes(t *testing.T) {
	beside(t)
	settings := patient()
	settings.PlannedScaleWindow, settings.ColdStartWindow, settings.SettleTime = patience, patience, partition.Off
	g := newGroup(t, settings, 4)
	free := make(chan struct{})
	g.handler = func(*worker) func(partition.Owned) *actor.Props {
		return func(partition.Owned) *actor.Props {
			return actors.Drains(actor.PropsFromFunc(func(ctx actor.Context) {
				if _, revoked := ctx.Message().(messages.Revoke); revoked {
					<-free
					ctx.Stop(ctx.Self())
				}
			}))
		}
	}
	// says waits for a state, and asks the probes then.
	says := func(w *worker, state messages.State, ready string) {
		t.Helper()
		g.ledger.await(string(state), func() bool { return g.ledger.pages[w].is(state) })
		o := observe.New(w.system, w.manager)
		defer o.Stop()
		_, text := prompt(t, o.Readyz())
		require.Contains(t, text, ready, state)
		code, text := prompt(t, o.Healthz())
		require.Equal(t, http.StatusOK, code, "%s: %s", state, text)
	}
	g.bindOnly = true
	first := g.join("first")
	g.without("there is no stream", first)
	says(first, messages.Init, "there is no stream KV_live, and BindOnly creates none")
	require.NoError(t, bridge.CreateStream(t.Context(), g.connect(), bridge.Config{Group: "live"}))
	says(first, messages.Stable, "ok")
	g.cable = &cable{}
	fell := g.cable.hold(".lead") // what it asks first when it has an ID
	second := g.join("second")
	<-fell
	says(second, messages.Election, "starting")
	require.NoError(t, g.cable.flush())
	g.cable = nil
	says(first, messages.Scaling, "ok")
	full := g.join("full", func(s *partition.Settings) { s.WorkerIDs.Count = 1 })
	g.without("no worker ID from worker-0 to worker-0 is free", full)
	says(full, messages.ClaimingID, "no worker ID from")
	require.NoError(t, full.stop())
	second.system.Root.Send(second.manager, messages.RefreshPartitions{}) // it bypasses the window
	says(first, messages.Rebalancing, "ok")
	close(free)
	g.atRest(first, second)
}
