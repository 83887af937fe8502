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

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// bench is an observer of a manager that says what the test wants it to.
type bench struct {
	t        *testing.T
	system   *actor.ActorSystem
	manager  *actor.PID
	observer *Observer
	registry *prometheus.Registry
}

// say is what the manager is to tell its subscriber, and is what its snapshot will be.
type (
	say  struct{ mail any }
	is   struct{ messages.Snapshot }
	mute struct{}
)

// stooge is a manager. It answers no questions when it is mute.
type stooge struct {
	subscriber *actor.PID
	is         messages.Snapshot
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
	case mute:
		s.mute = true
	case messages.GetSnapshot:
		if !s.mute {
			ctx.Respond(s.is)
		}
	}
}

func newBench(t *testing.T) *bench {
	quiet := slog.New(slog.DiscardHandler)
	b := &bench{t: t, registry: prometheus.NewPedanticRegistry()}
	b.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	t.Cleanup(b.system.Shutdown)
	b.manager = b.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &stooge{} }))
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
		State: messages.Stable, Leading: true, Term: 7, Version: 8, Step: 9, Owned: make([]partition.Owned, 3), Draining: 1,
		Pending: make([]partition.PartitionID, 2), Quarantined: make([]partition.PartitionID, 5), Members: make([]partition.WorkerID, 4), Unowned: 6, LeaseEnd: at.Add(time.Hour),
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
		"troupe_gained_total 5", "troupe_lost_total 2", "troupe_members 4", "troupe_unowned 6", `troupe_alerts_total{level="warn"} 1`,
		"troupe_dead_letters_total 0", "troupe_decision_moves 12", "troupe_decision_moves_least 11",
		`troupe_decision_peak{when="before"} 1.5`, `troupe_decision_peak{when="after"} 1.25`,
	} {
		require.Contains(t, lines, want)
	}
	require.Contains(t, strings.Join(lines, "\n"), "troupe_lease_margin_seconds 3")
	b.tell(is{messages.Snapshot{State: messages.Stable, Members: []partition.WorkerID{"old"}}})
	text := strings.Join(b.metrics(), "\n")
	for _, name := range []string{"troupe_members", "troupe_unowned", "troupe_decision", "troupe_term", "troupe_lease_margin"} {
		require.NotContains(t, text, name, "only the leader knows, and only who has a lease")
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
		{is: messages.Snapshot{State: messages.Emergency, Healthy: true}, live: "ok", ready: "ok"},
		{is: messages.Snapshot{State: messages.WaitingAssignment, Healthy: true}, live: "ok", ready: "the state is WaitingAssignment"},
		{is: messages.Snapshot{State: messages.Degraded, Reason: "no answer in time"}, live: "ok", ready: "no answer in time"},
		{is: messages.Snapshot{State: messages.Stable}, live: "ok", ready: "not healthy"},
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
