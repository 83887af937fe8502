package bridge

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/observe"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// deciding is a leader's view of a group that one worker joins, and what the decision about
// that takes: all that calculator, strategy and publisher compute, and the encoding of what
// they write, both steps of it. What workers and the store do about it is not in it.
type deciding struct {
	b       *testing.B
	set     partition.Set
	roster  partition.Roster
	table   partition.Table
	bases   bases
	now     time.Time
	journal time.Duration // what the record for people took
	moves   int
}

var decidingRules = partition.Rules{RevokeTimeout: time.Hour}

func (d *deciding) live(w partition.WorkerID, live partition.Live) {
	live.Session, live.Lease = partition.SessionID("session-of-"+w), time.Hour
	d.roster[w], _ = d.roster[w].See(w, live, d.roster[w].Revision+1, d.now)
}

// decide is what the calculator asks, the strategy answers and the calculator makes of it.
func (d *deciding) decide() (partition.Target, []string) {
	change := partition.Classify(d.table, d.roster, d.set, d.now, decidingRules, 0.5)
	q := partition.Ask(d.table, nil, change, d.set, partition.Asking{Now: d.now, Rules: decidingRules, MoveLimit: partition.Off})
	plan, err := partition.Sticky{}.Plan(q.Input)
	require.NoError(d.b, err)
	require.NoError(d.b, partition.ValidatePlan(q.Input, plan))
	target := q.Answer(partition.KeepOwned(q.Input, plan), partition.AnyZone)
	partition.Classify(target.Planned(), d.roster, d.set, d.now, decidingRules, 0.5)
	return target, change.Grounds(d.roster)
}

func (d *deciding) encode(w messages.Write) {
	_, _, err := d.bases.split(w, true)
	require.NoError(d.b, err)
}

// publish is a step of the publisher, and what the bridge makes of its writes.
func (d *deciding) publish(target partition.Target, evidence []string) {
	out := partition.Next(d.table, d.table.Version+1, target, partition.Facts{
		Now: d.now, Rules: decidingRules, Roster: d.roster, Since: d.now, Term: 7,
	})
	require.NotNil(d.b, out.Publish)
	next := *out.Publish
	began := time.Now()
	d.encode(messages.Write{
		Key: messages.KeyJournal(next.Table.Step), Record: next.Journal("worker-00000", "worker joined", evidence, target.Measure),
		Blind: true, Fence: &messages.FenceOn{Key: messages.KeyTerm, Revision: 7},
	})
	d.journal += time.Since(began)
	d.encode(messages.Write{Key: messages.KeyHead, Record: next.Table.Head(next.Freed), Expect: 1})
	changed := next.Table.Assignments()
	for i, s := range next.Table.Seats {
		if a, ok := changed[int32(i)]; ok {
			d.encode(messages.Write{Key: messages.KeyAssignment(s.Worker), Record: a, Blind: true})
		}
	}
	d.table, d.moves = next.Table, len(next.Moves)
}

// join is the decision; it returns how long it took, and how much of that the journal's
// records did. Workers let go in between.
func (d *deciding) join(before partition.Table, joins partition.WorkerID) (all, journal time.Duration) {
	d.table, d.bases, d.journal = before, bases{}, 0
	for _, s := range before.Seats {
		d.live(s.Worker, partition.Live{Applied: before.Step})
	}
	delete(d.roster, joins)
	d.live(joins, partition.Live{})
	began := time.Now()
	target, evidence := d.decide()
	d.publish(target, evidence)
	took := time.Since(began)
	for _, s := range before.Seats {
		d.live(s.Worker, partition.Live{Applied: d.table.Step})
	}
	began = time.Now()
	d.publish(target, evidence)
	return took + time.Since(began), d.journal
}

// watchedManager has nothing but a subscriber.
type watchedManager struct{ subscriber *actor.PID }

// Receive implements actor.Actor.
func (m *watchedManager) Receive(ctx actor.Context) {
	switch mail := ctx.Message().(type) {
	case messages.Subscribe:
		m.subscriber = mail.PID
	case messages.GetSnapshot:
		ctx.Respond(messages.Snapshot{})
	case messages.StateChanged, messages.AssignmentChanged:
		ctx.Send(m.subscriber, mail)
	}
}

// observed returns a function that has an observer hear of a decision, and waits until it
// has: that takes a probe, which is in what it returns.
func observed(b *testing.B) func(moves int) time.Duration {
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	b.Cleanup(system.Shutdown)
	manager := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &watchedManager{} }))
	o := observe.New(system, manager)
	b.Cleanup(o.Stop)
	probe := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	states := []messages.State{messages.Stable, messages.Scaling, messages.Rebalancing, messages.Stable}
	at := time.Unix(1_900_000_000, 0)
	o.Readyz().ServeHTTP(httptest.NewRecorder(), probe) // it is subscribed
	return func(moves int) time.Duration {
		change := messages.AssignmentChanged{Gained: make([]partition.Owned, moves)}
		began := time.Now()
		for i, to := range states[1:] {
			system.Root.Send(manager, messages.StateChanged{From: states[i], To: to, At: at})
		}
		system.Root.Send(manager, change)
		o.Readyz().ServeHTTP(httptest.NewRecorder(), probe)
		return time.Since(began)
	}
}

// What the journal's records and an observer add to a decision without them, in one run:
// medians. The records are timed where they are made: that is a smaller difference than one
// decision has from the next.
//
//	go test -run NONE -bench Decision ./bridge
func BenchmarkDecision(b *testing.B) {
	for _, c := range []struct{ workers, partitions int }{{10, 100}, {10, 1000}, {100, 1000}, {1, 2000}, {1, 4000}, {10, 10_000}} {
		b.Run(fmt.Sprintf("%dx%d", c.workers, c.partitions), func(b *testing.B) {
			list := make([]partition.Partition, c.partitions)
			for k := range list {
				list[k] = partition.Of("orders", fmt.Sprint(k))
			}
			set, err := partition.NewSet(list)
			require.NoError(b, err)
			d := &deciding{b: b, set: set, roster: partition.Roster{}, bases: bases{}, now: time.Unix(1_900_000_000, 0)}
			for w := range c.workers {
				d.live(partition.WorkerIDAt("worker", w), partition.Live{})
			}
			d.publish(d.decide())
			before, observe := d.table, observed(b)
			var without, journal, heard []time.Duration
			for b.Loop() {
				all, record := d.join(before, partition.WorkerIDAt("worker", c.workers))
				without, journal = append(without, all-record), append(journal, record)
				heard = append(heard, observe(d.moves))
			}
			plain := median(without)
			b.ReportMetric(float64(d.moves), "moves")
			b.ReportMetric(float64(plain.Microseconds()), "µs/decision")
			b.ReportMetric(float64(median(journal).Microseconds()), "µs/journal")
			b.ReportMetric(100*float64(median(journal))/float64(plain), "%journal")
			b.ReportMetric(100*float64(median(heard))/float64(plain), "%observer")
		})
	}
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}
