//go:build unix

package live

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// moment is what the store said at some time.
type moment struct {
	term, head, lead, live messages.Entry
}

// victim is the worker whose record the zombies meddle with.
const victim = partition.WorkerID("worker-0")

// zombie is a writer of the past: it takes a moment long ago for the present, and
// writes again and again what would have been right then.
type zombie struct {
	g    *group
	name string
	outs *actor.Props
	// writes are what it would write, nil as long as then is not over yet.
	writes func(then, now moment, n int) []messages.Write

	out    *actor.PID
	then   *moment
	dreams []messages.Write // what it writes now
	round  partition.Round

	// The ledger's lock is the lock of these.
	refused, unsure int
}

// again lets a zombie try again.
type again struct{}

const (
	// zombiePace lies between an answer and the next attempt.
	zombiePace = 2 * time.Millisecond
	// zombieLife is after how many refusals a zombie dies anew, so that what it
	// believes in was true under most leaders.
	zombieLife = 500
	// zombieTries is how often it writes the same before it looks at what is.
	zombieTries = 5
)

// Receive implements actor.Actor.
func (z *zombie) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		z.out = ctx.Spawn(z.outs)
		times := childSettings()
		ctx.Request(z.out, messages.OpenStore{StoreTimeout: times.StoreTimeout, PollInterval: times.PollInterval})
	case messages.StoreOpened:
		z.look(ctx)
	case again:
		if z.round%zombieTries == 0 {
			z.look(ctx)
			return
		}
		z.write(ctx)
	case messages.ReadDone:
		z.read(ctx, moment{m.Entries[0], m.Entries[1], m.Entries[2], m.Entries[3]})
	case messages.Stored:
		z.note(func() {
			l := z.g.ledger
			l.wrong = append(l.wrong, fmt.Sprintf("%s got in at %v", z.name, m.Revisions))
		})
		z.later(ctx)
	case messages.Conflicted:
		z.note(func() { z.refused++ })
		if z.round%zombieLife == 0 {
			z.then = nil
		}
		z.later(ctx)
	case messages.Unsure, messages.Rejected:
		z.note(func() { z.unsure++ })
		z.later(ctx)
	case messages.ReadFailed:
		z.later(ctx)
	}
}

func (z *zombie) look(ctx actor.Context) {
	ctx.Request(z.out, messages.Read{Keys: []messages.Key{messages.KeyTerm, messages.KeyHead, messages.KeyLead, messages.KeyLive(victim)}})
}

func (z *zombie) read(ctx actor.Context, now moment) {
	if z.then == nil {
		z.then = &now
	}
	z.dreams = z.writes(*z.then, now, int(z.round/zombieTries))
	if z.dreams == nil {
		z.later(ctx)
		return
	}
	z.write(ctx)
}

func (z *zombie) write(ctx actor.Context) {
	z.round++
	ctx.Request(z.out, messages.Store{Round: z.round, Writes: z.dreams})
}

func (z *zombie) note(f func()) {
	z.g.ledger.mu.Lock()
	defer z.g.ledger.mu.Unlock()
	f()
}

func (z *zombie) later(ctx actor.Context) {
	ctx.Request(z.out, messages.Remind{After: zombiePace, Mail: again{}})
}

// decides is a whole decision: the victim owns everything.
func decides(now moment, fence, head partition.Revision) []messages.Write {
	h, ok := now.head.Record.(partition.Head)
	if !ok {
		return nil
	}
	h.Step++
	h.Term, h.Nonce = fence, "zombie"
	var all []partition.Grant
	for _, p := range partitions(childPartitions) {
		all = append(all, partition.Grant{Partition: p.ID(), Token: partition.Token(h.Step)})
	}
	return []messages.Write{
		{
			Key: "journal.7", Blind: true, Record: partition.Journal{Step: h.Step, Term: fence, Leader: victim, Cause: "zombie"},
			Fence: &messages.FenceOn{Key: messages.KeyTerm, Revision: fence},
		},
		{Key: messages.KeyHead, Record: h, Expect: head},
		{Key: messages.KeyAssignment(victim), Blind: true, Record: partition.Assignment{Step: h.Step, Session: "zombie", Owned: all}},
	}
}

// zombies are the four kinds.
var zombies = map[string]func(then, now moment, n int) []messages.Write{
	"a leader of the past that knows the newest head": func(then, now moment, _ int) []messages.Write {
		if now.term.Revision == then.term.Revision {
			return nil
		}
		return decides(now, then.term.Revision, now.head.Revision)
	},
	"a leader that decides about an old head": func(then, now moment, _ int) []messages.Write {
		if now.head.Revision == then.head.Revision {
			return nil
		}
		return decides(now, now.term.Revision, then.head.Revision)
	},
	"a worker of the past, and a leader that fences it late": func(then, now moment, n int) []messages.Write {
		live, ok := then.live.Record.(partition.Live)
		if !ok || now.live.Revision == then.live.Revision {
			return nil
		}
		live.Beat++
		if n%2 == 0 {
			live = live.Fenced(partition.Fence{Term: now.term.Revision, AfterSilence: true})
		}
		return []messages.Write{{Key: messages.KeyLive(victim), Record: live, Expect: then.live.Revision}}
	},
	"a lead of the past that is renewed, and a late candidate": func(then, now moment, n int) []messages.Write {
		lead, ok := then.lead.Record.(partition.Lead)
		if !ok || now.lead.Revision == then.lead.Revision {
			return nil
		}
		lead.Beat++
		writes := []messages.Write{{Key: messages.KeyLead, Record: lead, Expect: then.lead.Revision}}
		if n%2 == 0 {
			term := partition.Term{Worker: lead.Worker, Session: lead.Session, Nonce: "zombie"}
			writes = append(writes, messages.Write{Key: messages.KeyTerm, Record: term, Expect: now.term.Revision})
		}
		return writes
	},
}

// raise lets all four write from here on.
func (g *group) raise() map[string]*zombie {
	g.t.Helper()
	all := map[string]*zombie{}
	for name, writes := range zombies {
		nc, err := g.server.Connect()
		require.NoError(g.t, err)
		system := actor.NewActorSystem(
			actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }),
			actor.WithDeadLetterThrottleInterval(time.Millisecond))
		z := &zombie{g: g, name: name, writes: writes, outs: bridge.NATS(nc, bridge.Config{Group: "live", Logger: silent})}
		pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return z }))
		g.t.Cleanup(func() {
			_ = system.Root.StopFuture(pid).Wait()
			system.Shutdown()
			nc.Close()
		})
		all[name] = z
	}
	return all
}

// For a minute four zombies write, while each leader in turn is stopped past its
// leases and woken again. Nothing of theirs gets in, nothing is owned twice, and
// the group goes on.
//
// hazards 1, 11 and 22
func TestN5_ZombiesWhileLeadersChange(t *testing.T) {
	const enough = 100 // refusals, however slow the machine is
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	all, workers := crew.start()
	dead := g.raise()
	for over := time.After(time.Minute); ; {
		select {
		case <-over:
			h := g.history()
			h.sound(t)
			for name, z := range dead {
				g.ledger.mu.Lock()
				refused, unsure := z.refused, z.unsure
				g.ledger.mu.Unlock()
				t.Logf("%s: %d refused, %d without an answer", name, refused, unsure)
				require.Greater(t, refused, enough, name)
			}
			t.Logf("%d records, %d terms, %d heads, %d moves", len(h.records), len(h.terms()), h.check.Heads(), h.check.Moves())
			require.Greater(t, len(h.terms()), 2)
			return
		default:
		}
		leads, others, _ := crew.chief(all)
		leads.pause()
		g.atRest(workersOf(others)...)
		leads.resume()
		leads.wakesWithNothing()
		g.atRest(workers...)
	}
}
