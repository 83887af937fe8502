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
