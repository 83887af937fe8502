//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// run is one run of chaos.
type run struct {
	seed     uint64
	length   time.Duration
	settings partition.Settings
	log      *journal
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
	return s.RecoveryBound(with)
}

// live runs episodes until the time is over. It reports false if it was
// interrupted.
func (r *run) live() (whole bool, err error) {
	if r.fleet, err = newFleet(r.log); err != nil {
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
		if wrong := r.wrong(); len(wrong) > 0 {
			return true, nil
		}
	}
	return true, nil
}

func (r *run) wrong() (wrong []string) {
	r.log.ask(func(c *checker) { wrong = slices.Clone(c.wrong) })
	return wrong
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
			r.log.blame(err.Error())
			return false
		}
	}
	return true
}

// recover waits until everything is owned again.
func (r *run) recover(e episode) (done bool, err error) {
	mended := now()
	if err := r.fleet.whole(r.stop); err != nil {
		return false, err
	}
	at := now()
	r.log.add(event{At: at, What: calm})
	limit := bound(r.settings, e)
	timer := time.NewTimer(limit + patience)
	defer timer.Stop()
	for {
		var covered, gap, starved time.Duration
		fed := r.log.ask(func(c *checker) {
			if c.calmAt == at {
				covered = c.covered
			}
			if covered != 0 {
				gap, c.gap, starved = c.gap, 0, c.starved(at, covered)
			}
		})
		if covered != 0 && len(e.Faults) == 0 {
			return true, nil // the beginning
		}
		if covered != 0 {
			r.report.add(e, outcome{whole: at - mended, recovery: covered - at, total: covered - mended, gap: gap, starved: starved, bound: limit})
			return true, nil
		}
		select {
		case <-fed:
		case <-r.stop:
			return false, nil
		case <-timer.C:
			return false, fmt.Errorf("after %s nobody owns %v, %v after all was well", e, r.uncovered(), limit+patience)
		}
	}
}

func (r *run) uncovered() (ids []partition.PartitionID) {
	r.log.ask(func(c *checker) { ids = c.missing() })
	return ids
}
