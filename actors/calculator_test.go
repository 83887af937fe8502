package actors

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// reckoning is a calculator among probes. The publisher's part is played with the
// real arithmetic, the strategy's with Sticky.
type reckoning struct {
	*play
	settings                                                 partition.Settings
	outside, manager, strategy, source, publisher, debouncer *probe
	pid                                                      *actor.PID
	roster                                                   partition.Roster
	rev                                                      partition.Revision
	table                                                    partition.Table
	partitions                                               int
	zone                                                     string // of all partitions
	rule                                                     partition.ZoneRule
}

// tick is how finely the time of these tests passes.
const tick = 100 * time.Millisecond

// newReckoning spawns a calculator that knows nothing yet.
func newReckoning(t *testing.T, change func(*partition.Settings)) *reckoning {
	r := &reckoning{play: newPlay(t), settings: partition.Default(), roster: partition.Roster{}, partitions: 12}
	if change != nil {
		change(&r.settings)
	}
	for name, b := range map[string]**probe{
		"outside": &r.outside, "manager": &r.manager, "strategy": &r.strategy, "source": &r.source,
		"publisher": &r.publisher, "debouncer": &r.debouncer,
	} {
		*b = r.probe(name)
	}
	r.pid = r.child(calculatorProps(calculatorConfig{
		settings: r.settings, outside: r.outside.pid, manager: r.manager.pid, strategy: r.strategy.pid, source: r.source.pid,
		publisher: r.publisher.pid, debouncer: r.debouncer.pid, worker: mySelf, term: testTerm,
	}), "calculator")
	return r
}

// read tells the table, and answers the listing that follows.
func (r *reckoning) read() {
	r.tell(r.pid, messages.TableRead{Table: r.table, At: r.now})
	r.list()
}

func (r *reckoning) list() {
	r.t.Helper()
	ask := heard[messages.ListPartitions](r.t, r.source)
	var list []partition.Partition
	for k := range r.partitions {
		list = append(list, partition.Partition{Keys: []string{fmt.Sprintf("p%03d", k)}, Zone: r.zone})
	}
	r.tell(r.pid, messages.PartitionsListed{Round: ask.Round, Partitions: list})
	r.clock()
}

// clock tells what time it is to whoever had a list.
func (r *reckoning) clock() {
	r.t.Helper()
	heard[messages.GetTime](r.t, r.outside)
	r.tell(r.pid, messages.Time{At: r.now})
}

// live shows the newest record of a worker, without telling the calculator.
func (r *reckoning) live(w partition.WorkerID, live partition.Live) {
	r.rev++
	if live.Session == "" {
		live.Session = partition.SessionID("s-" + w)
	}
	live.Lease, live.Claim = r.settings.Lease, 5
	next, _ := r.roster[w].See(w, live, r.rev, r.now)
	r.roster[w] = next
}

// changed tells the workers as they are.
func (r *reckoning) changed() {
	r.tell(r.pid, messages.WorkersChanged{Roster: maps.Clone(r.roster), At: r.now})
}

func (r *reckoning) join(workers ...partition.WorkerID) {
	for _, w := range workers {
		r.live(w, partition.Live{})
	}
	r.changed()
}

// beats shows that all of these still live, at this instant.
func (r *reckoning) beats(workers ...partition.WorkerID) {
	for _, w := range workers {
		r.live(w, r.roster[w].Live)
	}
}

// plan answers the strategy's question, and returns it.
func (r *reckoning) plan() messages.MakePlan {
	r.t.Helper()
	ask := heard[messages.MakePlan](r.t, r.strategy)
	plan, err := partition.Sticky{Zones: r.rule}.Plan(ask.Input)
	require.NoError(r.t, err)
	r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: plan, Zones: r.rule})
	return ask
}

// hand plays the publisher for a decision: every owner lets go at once.
func (r *reckoning) hand() messages.HandOver {
	r.t.Helper()
	m := heard[messages.HandOver](r.t, r.publisher)
	version, moves, begun := r.table.Version+1, 0, false
	var out partition.Outlook
	for {
		facts := partition.Facts{Now: r.now, Rules: r.settings.Rules(time.Time{}), Roster: r.roster, Term: testTerm, Floor: 5000}
		out = partition.Next(r.table, version, m.Target, facts)
		if out.Publish == nil {
			require.Zero(r.t, out.Outstanding)
			break
		}
		if !begun {
			begun = true
			r.tell(r.pid, messages.PublishBegun{Round: m.Round, At: r.now})
		}
		r.table = out.Publish.Table
		moves += len(out.Publish.Moves)
		for _, f := range out.Publish.Fences {
			r.live(f.Worker, f.Live)
		}
		for w, x := range r.roster {
			if i := r.table.SeatOf(w); i != partition.None && r.table.Seats[i].Session == x.Live.Session {
				x.Live.Applied = r.table.Step
				r.roster[w] = x
			}
		}
		r.tell(r.pid, messages.Published{Round: m.Round, Table: r.table, Moves: len(out.Publish.Moves), At: r.now})
	}
	r.tell(r.pid, messages.HandedOver{
		Round: m.Round, Table: r.table, Changed: begun, Moves: moves, Misjudged: out.Misjudged, At: r.now,
	})
	return m
}

// started is a group at work: these workers share the partitions, and all windows
// are over.
func started(t *testing.T, change func(*partition.Settings), workers ...partition.WorkerID) *reckoning {
	r := newReckoning(t, change)
	r.read()
	r.join(workers...)
	r.plan()
	r.hand()
	r.quiet(workers...)
	r.manager.forget()
	return r
}

// quiet lets time pass until all windows and pauses are over.
func (r *reckoning) quiet(workers ...partition.WorkerID) {
	r.pass(r.settings.ColdStartWindow+r.settings.MinRebalanceInterval, workers...)
	unheard[messages.MakePlan](r.t, r.strategy)
}

// due delivers all reminders that are due, those for answers that were given long
// ago included.
func (r *reckoning) due() {
	mail := r.outside.mail
	r.outside.mail = nil
	for _, m := range mail {
		remind, ok := m.(messages.Remind)
		if !ok {
			continue
		}
		if remind.From.IsZero() {
			remind.From = r.now.Add(-tick) // it was asked during the last one
		}
		if at := remind.From.Add(remind.After); at.After(r.now) {
			r.outside.mail = append(r.outside.mail, remind)
			continue
		}
		r.tell(r.pid, remind.Mail)
	}
}

// pass lets time pass in small steps, in which all workers beat and debouncer and
// source answer, until the strategy is asked.
func (r *reckoning) pass(d time.Duration, workers ...partition.WorkerID) {
	for end := r.now.Add(d); r.now.Before(end) && len(r.strategy.mail) == 0; {
		r.after(min(tick, end.Sub(r.now)))
		r.beats(workers...)
		r.due()
		for len(r.debouncer.mail) > 0 {
			r.debouncer.forget()
			r.changed()
		}
		for len(r.source.mail) > 0 {
			r.list()
		}
	}
}
