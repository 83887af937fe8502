package observe

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// bench is an observer of a manager that says what the test wants it to.
type bench struct {
	t        testing.TB
	system   *actor.ActorSystem
	manager  *actor.PID
	observer *Observer
	registry *prometheus.Registry
}

// say is what the manager is to tell its subscriber, and is what its snapshot will be.
type (
	say  struct{ mail any }
	is   struct{ messages.Snapshot }
	did  struct{ messages.Counts }
	mute struct{}
)

// stooge is a manager. It answers no questions when it is mute.
type stooge struct {
	subscriber *actor.PID
	is         messages.Snapshot
	did        messages.Counts
	mute       bool
}

// Receive implements actor.Actor.
func (s *stooge) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.Subscribe:
		s.subscriber = m.PID
	case say:
		ctx.Send(s.subscriber, m.mail)
	case is:
		s.is = m.Snapshot
	case did:
		s.did = m.Counts
	case mute:
		s.mute = true
	case messages.GetCounts:
		if !s.mute {
			ctx.Respond(s.did)
		}
	case messages.GetSnapshot:
		if !s.mute {
			ctx.Respond(s.is)
		}
	}
}

func newBench(t testing.TB) *bench {
	quiet := slog.New(slog.DiscardHandler)
	b := &bench{t: t, registry: prometheus.NewPedanticRegistry()}
	b.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	t.Cleanup(b.system.Shutdown)
	b.manager = b.system.Root.Spawn(stage.Rooted(stage.Props(func() actor.Actor { return &stooge{} })))
	b.observer = New(b.system, b.manager)
	b.observer.within = time.Minute // however busy the machine is
	t.Cleanup(b.observer.Stop)
	b.registry.MustRegister(b.observer)
	b.metrics() // it is subscribed: the ear has answered
	return b
}

func (b *bench) tell(mail any) { b.system.Root.Send(b.manager, mail) }

func (b *bench) get(h http.Handler) (int, string) {
	b.t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, "/", nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

// metrics scrapes, and returns the lines that are values.
func (b *bench) metrics() []string {
	b.t.Helper()
	code, text := b.get(promhttp.HandlerFor(b.registry, promhttp.HandlerOpts{}))
	require.Equal(b.t, http.StatusOK, code, text)
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestObserver_Metrics(t *testing.T) {
	b := newBench(t)
	at := time.Now()
	change := func(from, to messages.State, after time.Duration) {
		b.tell(say{messages.StateChanged{From: from, To: to, At: at.Add(after)}})
	}
	change(messages.Stable, messages.Stable, 0)
	change(messages.Stable, messages.Rebalancing, time.Second)
	change(messages.Rebalancing, messages.Stable, 3*time.Second)
	b.tell(say{messages.AssignmentChanged{Gained: make([]partition.Owned, 5), Lost: make([]partition.Owned, 2)}})
	b.tell(say{messages.AlertRaised{Level: partition.AlertWarn}})
	b.tell(say{messages.HealthChanged{Reason: "revoked", Final: true}})
	b.tell(is{messages.Snapshot{
		State: messages.Stable, Leading: true, Term: 7, Version: 8, Step: 9, Owned: make([]partition.Owned, 3), Draining: 1, Abandoned: 13,
		Pending: make([]partition.PartitionID, 2), Quarantined: make([]partition.PartitionID, 5), CoverageKnown: true, Members: make([]partition.WorkerID, 4), Unowned: 6, Awaited: 7, LeaseEnd: at.Add(time.Hour),
		Decision: partition.Measure{Moves: 12, Least: 11, Before: 1.5, After: 1.25},
	}})
	lines := b.metrics()
	for _, want := range []string{
		"troupe_up 1", "troupe_healthy 0", "troupe_health_final 1", `troupe_state{state="Stable"} 1`, `troupe_state{state="Degraded"} 0`,
		`troupe_state_changes_total{state="Rebalancing"} 1`, `troupe_state_changes_total{state="Stable"} 1`,
		`troupe_state_seconds_sum{state="Rebalancing"} 2`, `troupe_state_seconds_sum{state="Stable"} 1`,
		"troupe_leading 1", "troupe_term 7", "troupe_version 8", "troupe_step 9",
		`troupe_partitions{kind="owned"} 3`, `troupe_partitions{kind="draining"} 1`, `troupe_partitions{kind="pending"} 2`,
		`troupe_partitions{kind="quarantined"} 5`,
		"troupe_gained_total 5", "troupe_lost_total 2", "troupe_handlers_abandoned_total 13", "troupe_members 4", "troupe_unowned 6", "troupe_awaited 7", `troupe_alerts_total{level="warn"} 1`,
		"troupe_dead_letters_total 0", "troupe_decision_moves 12", "troupe_decision_moves_least 11",
		`troupe_decision_peak{when="before"} 1.5`, `troupe_decision_peak{when="after"} 1.25`,
	} {
		require.Contains(t, lines, want)
	}
	require.Contains(t, strings.Join(lines, "\n"), "troupe_lease_margin_seconds 3")
	b.tell(is{messages.Snapshot{Leading: true, Term: 8}})
	require.NotContains(t, strings.Join(b.metrics(), "\n"), "troupe_unowned", "a leader that has not looked yet does not know")
	b.tell(is{messages.Snapshot{Leading: true, CoverageKnown: true}})
	require.Contains(t, b.metrics(), "troupe_unowned 0")
	require.Contains(t, b.metrics(), "troupe_unowned_seconds 0")
	b.tell(is{messages.Snapshot{State: messages.Stable, CoverageKnown: true, Members: []partition.WorkerID{"old"}}})
	text := strings.Join(b.metrics(), "\n")
	for _, name := range []string{"troupe_members", "troupe_unowned", "troupe_awaited", "troupe_decision", "troupe_term", "troupe_lease_margin"} {
		require.NotContains(t, text, name, "only the leader knows, and only who has a lease")
	}
}

// What a leader decided, what became of what was asked of the store, whose mail waits and
// who failed: every label has few values.
func TestObserver_MetricsOfTheInside(t *testing.T) {
	b := newBench(t)
	joins := messages.Decided{Cause: "join", Moves: 7, Least: 5}
	for _, took := range []time.Duration{20 * time.Millisecond, time.Hour} {
		joins.Detected.Add(2 * took)
		joins.Took.Add(took)
	}
	b.tell(is{messages.Snapshot{Leading: true, CoverageKnown: true, Unowned: 2, UnownedSince: time.Now().Add(-time.Hour), Decided: []messages.Decided{joins}}})
	b.tell(did{messages.Counts{
		Operations: []messages.Operations{{Kind: "write", Accepted: 11, Conflicted: 12, Refused: 13, Denied: 14, Unknown: 15, Unsent: 16}},
		Rewatches:  2, Reconnects: 3, Publishes: 4, Moves: 5, Revokes: 6, Fences: 7, Stalls: 8,
	}})
	for _, id := range []string{"/holder-3/a@4.5", "/holder-3/b@4.6", "/strategy-2/user-1", "/election-4/term-9/calculator", "", "/who-1", "where-1"} {
		b.system.EventStream.Publish(stage.Failed{Actor: b.manager.Id + id})
	}
	lines := b.metrics()
	for _, want := range []string{
		`troupe_detection_seconds_bucket{cause="join",le="0.05"} 1`, `troupe_detection_seconds_bucket{cause="join",le="0.025"} 0`,
		`troupe_detection_seconds_count{cause="join"} 2`, `troupe_decision_seconds_bucket{cause="join",le="0.025"} 1`,
		`troupe_decision_seconds_sum{cause="join"} 3600.02`, `troupe_decided_moves_total{cause="join"} 7`, `troupe_decided_moves_least_total{cause="join"} 5`,
		`troupe_store_operations_total{kind="write",outcome="accepted"} 11`, `troupe_store_operations_total{kind="write",outcome="conflicted"} 12`,
		`troupe_store_operations_total{kind="write",outcome="refused"} 13`, `troupe_store_operations_total{kind="write",outcome="denied"} 14`,
		`troupe_store_operations_total{kind="write",outcome="unknown"} 15`, `troupe_store_operations_total{kind="write",outcome="unsent"} 16`,
		"troupe_watch_restarts_total 2", "troupe_reconnects_total 3", "troupe_publishes_total 4", "troupe_moves_total 5", "troupe_revokes_total 6", "troupe_fences_total 7", "troupe_stalls_total 8",
		`troupe_actor_restarts_total{actor="partition"} 2`, `troupe_actor_restarts_total{actor="user"} 1`, `troupe_actor_restarts_total{actor="calculator"} 1`,
		`troupe_actor_restarts_total{actor="manager"} 1`, `troupe_actor_restarts_total{actor="other"} 1`,
	} {
		require.Contains(t, lines, want)
	}
	require.Contains(t, strings.Join(lines, "\n"), "troupe_unowned_seconds 3600")
}

// Whatever actor has a table is counted under its name. A keeper has that of what it keeps.
func TestObserver_KnowsEveryActor(t *testing.T) {
	for name := range actors.Diagrams() {
		if name != "mail" && name != "keeper" && name != "manager" {
			require.Equal(t, name, kindOf("/"+name+"-1"))
		}
	}
}

func TestObserver_Probes(t *testing.T) {
	b := newBench(t)
	probes := func() (healthz, readyz string) {
		code, live := b.get(b.observer.Healthz())
		require.Equal(t, live == "ok", code == http.StatusOK, live)
		code, ready := b.get(b.observer.Readyz())
		require.Equal(t, ready == "ok", code == http.StatusOK, ready)
		return live, ready
	}
	for _, c := range []struct {
		is          messages.Snapshot
		final       string
		live, ready string
	}{
		{is: messages.Snapshot{State: messages.Stable, Healthy: true}, live: "ok", ready: "ok"},
		{is: messages.Snapshot{State: messages.Scaling, Healthy: true}, live: "ok", ready: "ok"},
		{is: messages.Snapshot{State: messages.Rebalancing, Healthy: true}, live: "ok", ready: "ok"},
		{is: messages.Snapshot{State: messages.Emergency, Healthy: true}, live: "ok", ready: "ok"},
		{is: messages.Snapshot{State: messages.Init, Reason: "starting"}, live: "ok", ready: "starting"},
		{is: messages.Snapshot{State: messages.ClaimingID, Reason: "starting"}, live: "ok", ready: "starting"},
		{is: messages.Snapshot{State: messages.Election, Reason: "starting"}, live: "ok", ready: "starting"},
		{is: messages.Snapshot{State: messages.WaitingAssignment, Healthy: true}, live: "ok", ready: "the state is WaitingAssignment"},
		{is: messages.Snapshot{State: messages.Degraded, Reason: "no answer in time"}, live: "ok", ready: "no answer in time"},
		{is: messages.Snapshot{State: messages.Stable}, live: "ok", ready: "not healthy"},
		{is: messages.Snapshot{State: messages.Rebalancing, Leading: true, Reason: "the hand-over is stuck"}, live: "ok", ready: "the hand-over is stuck"},
		{is: messages.Snapshot{State: messages.Stable, Healthy: true, DrainAsked: true}, live: "ok", ready: "it is drained"},
		{is: messages.Snapshot{State: messages.Shutdown, Healthy: true}, live: "ok", ready: "the state is Shutdown"},
		{is: messages.Snapshot{State: messages.ClaimingID, Reason: "revoked"}, final: "revoked", live: "revoked", ready: "revoked"},
	} {
		b.tell(say{messages.HealthChanged{Healthy: c.is.Healthy, Reason: c.final, Final: c.final != ""}})
		b.tell(is{c.is})
		live, ready := probes()
		require.Equal(t, c.live, live, c.is.State)
		require.Equal(t, c.ready, ready, c.is.State)
	}
	b.tell(say{messages.HealthChanged{Healthy: true}})
	b.tell(mute{})
	b.observer.within = 10 * time.Millisecond
	live, ready := probes()
	require.Equal(t, []string{silence, silence}, []string{live, ready}, "it is stuck")
	require.Contains(t, b.metrics(), "troupe_up 0")
}

func TestObserver_OfAManagerThatHasEnded(t *testing.T) {
	b := newBench(t)
	_ = b.system.Root.StopFuture(b.manager).Wait()
	code, reason := b.get(b.observer.Healthz())
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, silence, reason)
	require.Contains(t, b.metrics(), "troupe_up 0")
	b.observer.Stop()
	b.observer.Stop()
	require.Contains(t, b.metrics(), "troupe_up 0")
}
