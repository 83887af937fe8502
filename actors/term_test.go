package actors

import (
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// newTerm is a term among probes, in which an actor can be ended by its name.
func newTerm(t *testing.T) (p *play, outside *probe, end func(name string)) {
	p = newPlay(t)
	outside = p.probe("outside")
	others := p.probe("others").pid
	pid := p.child(termProps(termConfig{
		settings: partition.Default(), outside: outside.pid, manager: others, holder: others, strategy: others, source: others,
		worker: mySelf, session: "s", term: testTerm, until: p.now.Add(partition.Default().LeaderLease),
	}), "term")
	end = func(name string) {
		p.system.Root.Stop(actor.NewPID(pid.Address, pid.Id+"/"+name))
		p.drain()
	}
	return p, outside, end
}

// hazard 7
func TestTerm_AnActorThatFailsEndsItAndIsLeftToOthers(t *testing.T) {
	for _, name := range []string{"publisher", "calculator", "debouncer"} {
		t.Run(name, func(t *testing.T) {
			p, _, end := newTerm(t)
			end(name)
			failed := heard[messages.TermFailed](t, p.parent)
			require.Equal(t, testTerm, failed.Term)
			require.True(t, failed.Resign)
			require.True(t, strings.HasSuffix(failed.Reason, name+" failed"))
		})
	}
}

// hazard 23
func TestTerm_AnEyeThatClosesIsOpenedAgain(t *testing.T) {
	p, outside, end := newTerm(t)
	heard[messages.Watch](t, outside)
	outside.forget()
	end("watcher-1")
	unheard[messages.TermFailed](t, p.parent)
	r := heard[messages.Remind](t, outside)
	require.Equal(t, retryDelay, r.After)
	p.tell(actor.NewPID(p.parent.pid.Address, p.parent.pid.Id+"/term"), r.Mail)
	heard[messages.Watch](t, outside)
}

// A leader that sees nobody any more leaves the lead to others.
func TestTerm_BothEyesClosedEndIt(t *testing.T) {
	p, _, end := newTerm(t)
	end("poller-2")
	unheard[messages.TermFailed](t, p.parent)
	end("watcher-1")
	failed := heard[messages.TermFailed](t, p.parent)
	require.True(t, failed.Resign)
	require.Contains(t, failed.Reason, "neither watcher nor poller")
}
