package fsm

import (
	"log/slog"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

type phase string

const (
	cold phase = "cold"
	warm phase = "warm"
	over phase = "over"
)

type (
	heat  struct{ Degrees int }
	cool  struct{}
	quit  struct{}
	other struct{}
)

// kettle notes what its handlers did.
type kettle struct {
	state   phase
	did     []string
	changes []string
	started int
}

func (k *kettle) begin(actor.Context, *actor.Started) phase { k.started++; return k.state }

func (k *kettle) warmUp(_ actor.Context, m heat) phase {
	k.did = append(k.did, "heat")
	if m.Degrees < 0 {
		return over // no row allows it
	}
	return warm
}

func (k *kettle) peek(actor.Context, other)       { k.did = append(k.did, "peek") }
func (k *kettle) end(actor.Context, quit) phase   { return over }
func (k *kettle) chill(actor.Context, cool) phase { return cold }

var table = New(
	On(cold, (*kettle).begin, cold),
	On(cold, (*kettle).warmUp, warm),
	On(warm, (*kettle).chill, cold),
	On(warm, (*kettle).end, over),
	Stay((*kettle).peek, cold, warm),
	Ignore[*kettle](cold, cool{}),
	Late[*kettle, phase](quit{}, heat{}),
)

// system runs the kettle's mail on the caller's goroutine.
func run(t *testing.T, mail ...any) (*kettle, []any) {
	t.Helper()
	var dead []any
	var mu sync.Mutex
	system := actor.NewActorSystem(actor.WithLoggerFactory(
		func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	t.Cleanup(system.Shutdown)
	system.EventStream.Subscribe(func(e any) {
		if d, ok := e.(*actor.DeadLetterEvent); ok {
			mu.Lock()
			dead = append(dead, d.Message)
			mu.Unlock()
		}
	})
	k := &kettle{state: cold}
	props := actor.PropsFromProducer(func() actor.Actor { return receiver{k} }, actor.WithDispatcher(actor.NewSynchronizedDispatcher(300)))
	pid := system.Root.Spawn(props)
	for _, m := range mail {
		system.Root.Send(pid, m)
	}
	mu.Lock()
	defer mu.Unlock()
	return k, dead
}

type receiver struct{ *kettle }

func (r receiver) Receive(ctx actor.Context) {
	table.Receive(ctx, r.kettle, &r.state, func(_ actor.Context, from, to phase) {
		r.changes = append(r.changes, string(from)+">"+string(to))
	})
}

func TestTable_Receive(t *testing.T) {
	k, dead := run(t, cool{}, heat{20}, heat{30}, other{}, cool{}, heat{1}, quit{}, heat{5}, other{})
	require.Equal(t, []string{"heat", "peek", "heat"}, k.did, "heat is late where it has no row, and nothing is heard when it is over")
	require.Equal(t, []string{"cold>warm", "warm>cold", "cold>warm", "warm>over"}, k.changes)
	require.Equal(t, 1, k.started)
	require.Empty(t, dead)
}

func TestTable_UnknownMailIsADeadLetter(t *testing.T) {
	type stranger struct{}
	k, dead := run(t, stranger{})
	require.Equal(t, []any{stranger{}}, dead)
	require.Equal(t, cold, k.state)
}

// fake is a context of which only the message is asked.
type fake struct {
	actor.Context
	message any
}

func (f fake) Message() any { return f.message }

func TestTable_AStateThatTheRowDoesNotAllow(t *testing.T) {
	k := &kettle{state: cold}
	require.PanicsWithValue(t,
		"fsm: in state cold, fsm.heat led to over; the row of (*fsm.kettle, actor.Context, fsm.heat) fsm.phase allows [warm]",
		func() { table.Receive(fake{message: heat{-1}}, k, &k.state, nil) })
	require.Equal(t, cold, k.state)
}

func TestTable_Holes(t *testing.T) {
	require.Empty(t, table.Holes())
	holed := New(On(cold, (*kettle).warmUp, warm), On(warm, (*kettle).chill, cold))
	require.Equal(t, []string{"cold: fsm.cool", "warm: fsm.heat"}, holed.Holes())
	k := &kettle{state: cold}
	require.PanicsWithValue(t, "fsm: nothing is said about fsm.cool in state cold",
		func() { holed.Receive(fake{message: cool{}}, k, &k.state, nil) })
}

func TestTable_Rows(t *testing.T) {
	require.Equal(t, []string{"cold: Started", "cold: heat", "warm: cool", "warm: quit", "cold: other", "warm: other"}, table.Rows())
	require.Equal(t, "cold: heat", table.Row(cold, heat{}))
	require.Empty(t, table.Row(cold, cool{}), "it is ignored")
	require.Empty(t, table.Row(over, heat{}))
}

func TestTable_Islands(t *testing.T) {
	require.Empty(t, table.Islands())
	require.Equal(t, []string{"warm: nothing leads to it", "warm: nothing leads out of it"}, New(
		On(cold, (*kettle).end, over), Stay((*kettle).peek, warm)).Islands())
}

func TestNew_TwoRowsForOnePair(t *testing.T) {
	require.PanicsWithValue(t, "fsm: fsm.heat in state cold stands twice in the table",
		func() { New(On(cold, (*kettle).warmUp, warm), On(cold, (*kettle).warmUp, cold)) })
	require.Panics(t, func() { New(On(cold, (*kettle).warmUp, warm), Ignore[*kettle](cold, heat{})) })
}

func TestTable_Mermaid(t *testing.T) {
	require.Equal(t, `stateDiagram-v2
    [*] --> cold
    cold --> warm: heat
    warm --> cold: cool
    warm --> over: quit
    over --> [*]
`, table.Mermaid())
}
