//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/umpire"
)

// run is one run of chaos.
type run struct {
	seed     uint64
	length   time.Duration
	settings partition.Settings
	log      *umpire.Journal
	fleet    *fleet
	report   *report
	out      io.Writer
	stop     <-chan struct{}
}

// bound is within how long the group has to have recovered when all faults of an
// episode are over and the store is whole.
func bound(s partition.Settings, e episode) time.Duration {
	with := partition.Setbacks{Resigned: true} // a leader without a store resigns
	for _, f := range e.Faults {
		with.Restart = with.Restart || f.Kind == returned || f.Kind == late
	}
	b := s.RecoveryBound(with)
	if s.Ownership == partition.Available {
		b += s.RecoveryGracePeriod
	}
	return b
}

// live runs episodes until the time is over. It reports false if it was
// interrupted.
func (r *run) live() (whole bool, err error) {
	if r.fleet, err = newFleet(r.log, r.settings.Ownership); err != nil {
		return false, err
	}
	defer r.fleet.end()
	if done, err := r.recover(episode{}); err != nil || !done {
		return false, err
	}
	r.say("%d workers have %d partitions, on %d nodes", workers, parts, nodes)
	plan, begin := newPlan(r.seed, r.settings), time.Now()
	for n := 1; time.Since(begin) < r.length; n++ {
		e := plan.next()
		if !r.suffer(e) {
			return false, nil
		}
		if done, err := r.recover(e); err != nil || !done {
			return false, err
		}
		r.say("%d: %s", n, r.report.last())
		if !sleep(e.Rest, r.stop) {
			return false, nil
		}
		if len(r.log.Wrong()) > 0 {
			return true, nil
		}
	}
	return true, nil
}

func (r *run) say(format string, args ...any) { _, _ = fmt.Fprintf(r.out, format+"\n", args...) }

// turn is the beginning or the end of a fault.
type turn struct {
	at time.Duration
	do func() error
}

// suffer lets the faults of an episode happen. It reports false if it was
// interrupted; what cannot be done ends the run too.
func (r *run) suffer(e episode) bool {
	var turns []turn
	add := func(t turn) {
		at, _ := slices.BinarySearchFunc(turns, t, func(a, b turn) int { return int(a.at - b.at) })
		turns = slices.Insert(turns, at, t)
	}
	for _, f := range e.Faults {
		add(turn{f.Start, func() error {
			mend, err := r.fleet.strike(f)
			if err == nil {
				add(turn{f.Start + f.For, mend})
			}
			return err
		}})
	}
	begin := now()
	for len(turns) > 0 {
		next := turns[0]
		if !sleep(begin+next.at-now(), r.stop) {
			return false
		}
		turns = turns[1:]
		if err := next.do(); err != nil {
			r.log.Blame(err.Error())
			return false
		}
	}
	return true
}

// recover waits until everything is owned again, by one worker each.
func (r *run) recover(e episode) (done bool, err error) { return r.recovered(e, now()) }

// recovered counts from when the store is whole: if it is not when the time is over, as
// its nodes had none, from when it is again.
func (r *run) recovered(e episode, mended time.Duration) (done bool, err error) {
	if err := r.fleet.whole(r.stop); err != nil {
		return false, err
	}
	at := now()
	r.log.Add(umpire.Event{At: at, What: umpire.Calm})
	limit := bound(r.settings, e)
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		var found umpire.Recovery
		fed := r.log.Ask(func(u *umpire.Umpire) { found = u.Recovered(at) })
		if found.Covered != 0 {
			if len(e.Faults) > 0 { // else it is the beginning
				r.report.add(e, outcome{
					whole: at - mended, recovery: found.Covered - at, total: found.Covered - mended,
					gap: found.Gap, starved: found.Starved, bound: limit,
				})
			}
			return true, nil
		}
		select {
		case <-fed:
		case <-r.stop:
			return false, nil
		case <-late.C:
			r.why(at)
			if now()-mended > limit+2*patience {
				return false, fmt.Errorf("after %s nobody owns everything, %v after the last fault", e, now()-mended)
			}
			if missing := r.fleet.missing(); missing != "" { // it was whole, and is not any more
				r.say("the store is not whole: %s", missing)
				return r.recovered(e, mended)
			}
			late.Reset(later)
		}
	}
}

// later lies between two looks at a group that is late.
const later = 10 * time.Second

// why says how everybody is, and was, while a recovery is late.
func (r *run) why(since time.Duration) {
	state, err := r.fleet.state()
	r.say("late: the store is whole since %s, at %.3fs; it says %v, %v", ms(now()-since), since.Seconds(), state, err)
	r.log.Ask(func(u *umpire.Umpire) {
		r.say("nobody owns %v; %d have two owners", u.Missing(), u.Overlapping())
		r.say("%s", u.Tell(since))
	})
}
