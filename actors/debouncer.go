package actors

import (
	"maps"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// debouncer makes one change of many sightings. It owns the roster: what the
// leader knows of every worker's record, and since when. It hears watcher and
// poller, tells the publisher of every newer record at once, and the calculator
// when what matters for a decision has been quiet for a while. If it fails, the
// term ends.
type debouncer struct {
	debouncerConfig
	state debouncerState

	calculator *actor.PID
	roster     partition.Roster
	complete   bool
	now        time.Time

	first time.Time // the first change that was not told
	last  time.Time // the latest one
	ended time.Time // the first end of a session that was not told, if any
	due   time.Time // when the reminder comes that counts
}

type debouncerConfig struct {
	settings           partition.Settings
	outside, publisher *actor.PID
	// seen is what this worker saw before it led, in records that may be as they
	// were: their silence counts from then.
	seen partition.Roster
	term partition.Revision
}

type debouncerState string

const (
	gathering debouncerState = "gathering" // waiting for all records that exist
	quiet     debouncerState = "quiet"     // waiting for a change
	settling  debouncerState = "settling"  // waiting for the changes to cease
)

// endedDelay is how long a session's end is held back at most: its partitions
// have no owner. Ends that come together still make one change.
const endedDelay = 10 * time.Millisecond

// quietDue is a reminder of a debouncer to itself.
type quietDue struct{ At time.Time }

var debouncerTable = fsm.New(
	fsm.On(gathering, (*debouncer).meet, gathering),
	fsm.On(gathering, (*debouncer).gather, gathering, quiet),
	fsm.On(quiet, (*debouncer).see, quiet, settling),
	fsm.On(quiet, (*debouncer).say, quiet),
	fsm.On(settling, (*debouncer).see, settling),
	fsm.On(settling, (*debouncer).say, quiet),
	fsm.On(settling, (*debouncer).settled, settling, quiet),
	fsm.Ignore[*debouncer](gathering, messages.SendRoster{}), // it will be told anyway
	fsm.Late[*debouncer, debouncerState](quietDue{}, introduce{}),
)

func debouncerProps(cfg debouncerConfig) *actor.Props {
	return stage.Props(func() actor.Actor {
		roster := partition.Roster{}
		maps.Copy(roster, cfg.seen)
		return &debouncer{debouncerConfig: cfg, state: gathering, roster: roster}
	}, stage.Together)
}

// Receive implements actor.Actor.
func (d *debouncer) Receive(ctx actor.Context) { debouncerTable.Receive(ctx, d, &d.state, nil) }

func (d *debouncer) meet(ctx actor.Context, m introduce) debouncerState {
	d.calculator = m.calculator
	for _, id := range d.roster.IDs() {
		w := d.roster[id]
		ctx.Send(d.publisher, messages.Witnessed{Witness: w, At: w.At})
	}
	return gathering
}

// gather tells nothing to the calculator before every record was seen: a decision
// on half of the workers would move what need not move.
func (d *debouncer) gather(ctx actor.Context, m messages.Sighted) debouncerState {
	d.take(ctx, m)
	if !d.complete || d.calculator == nil {
		return gathering
	}
	d.tell(ctx)
	return quiet
}

// take notes what is newer, and reports whether it matters for a decision.
func (d *debouncer) take(ctx actor.Context, m messages.Sighted) bool {
	d.now = m.At
	matters := false
	completed := m.Complete && !d.complete
	d.complete = d.complete || m.Complete
	for _, e := range m.Entries {
		if e.Newer {
			// Whose it is and what it holds, only a newer build can tell.
			ctx.Send(ctx.Parent(), messages.TermFailed{Term: d.term, Reason: e.Fault, Resign: true, Unread: e.Key})
		}
		live, ok := liveOf(e)
		if !ok {
			continue // what only a newer build understands is like silence
		}
		w := partition.WorkerID(e.Key[len("live."):])
		was := d.roster[w]
		next, newer := was.See(w, live, e.Revision, m.At)
		if !newer {
			continue
		}
		next.Stamp = e.Time
		d.roster[w] = next
		matters = matters || was.Differs(next) || was.Standing(m.At, d.settings.Rules(time.Time{})) == partition.Silent
		if d.ended.IsZero() && next.Live.Ended() && !next.Live.Restarting && !was.Live.Ended() {
			d.ended = m.At
		}
		ctx.Send(d.publisher, messages.Witnessed{Witness: next, Complete: d.complete && !completed, At: m.At})
	}
	if completed {
		ctx.Send(d.publisher, messages.Witnessed{Complete: true, At: m.At})
	}
	return matters
}

func (d *debouncer) see(ctx actor.Context, m messages.Sighted) debouncerState {
	if !d.take(ctx, m) {
		return d.state
	}
	d.last = m.At
	if d.state == quiet {
		d.first, d.due = m.At, time.Time{}
	}
	// A reminder that comes too early is asked for again when it comes: one for
	// every sighting would be too many.
	if end := d.end(); d.due.IsZero() || end.Before(d.due) {
		d.wait(ctx, end)
	}
	return settling
}

// end is when it has been quiet, at the latest when the first change is old
// enough: a steady stream must not starve the decision.
func (d *debouncer) end() time.Time {
	end := d.last.Add(d.settings.Debounce)
	if most := d.first.Add(d.settings.DebounceCap); most.Before(end) {
		end = most
	}
	if !d.ended.IsZero() {
		if soon := d.ended.Add(min(endedDelay, d.settings.Debounce)); soon.Before(end) {
			end = soon
		}
	}
	return end
}

func (d *debouncer) wait(ctx actor.Context, end time.Time) {
	d.due = end
	ctx.Request(d.outside, messages.Remind{From: end, Mail: quietDue{end}})
}

func (d *debouncer) settled(ctx actor.Context, m quietDue) debouncerState {
	if !m.At.Equal(d.due) {
		return settling
	}
	if end := d.end(); end.After(m.At) {
		d.wait(ctx, end)
		return settling
	}
	d.tell(ctx)
	return quiet
}

// say tells all, and with it the changes that were held back.
func (d *debouncer) say(ctx actor.Context, m messages.SendRoster) debouncerState {
	if m.At.After(d.now) {
		d.now = m.At
	}
	d.tell(ctx)
	return quiet
}

func (d *debouncer) tell(ctx actor.Context) {
	d.ended = time.Time{}
	ctx.Send(d.calculator, messages.WorkersChanged{Roster: maps.Clone(d.roster), At: d.now})
}
