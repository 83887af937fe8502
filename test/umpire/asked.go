package umpire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// Now is the instant up to which everything is known.
func (u *Umpire) Now() time.Duration { return u.now }

// share measures how long two work on a partition.
func (u *Umpire) share(p *lot) {
	busy := 0
	for _, h := range p.hands {
		if u.available() && u.owns(h) {
			busy++
		}
	}
	switch {
	case busy > 1 && p.two == 0:
		p.two = u.now
	case busy <= 1 && p.two != 0:
		u.Overlaps = append(u.Overlaps, u.now-p.two)
		p.two = 0
	}
}

func (u *Umpire) shareAll(l *life) {
	for id := range l.hands {
		u.share(u.lots[id])
	}
}

// Overlapping counts partitions on which two work now.
func (u *Umpire) Overlapping() (n int) {
	for _, p := range u.lots {
		if p.two != 0 {
			n++
		}
	}
	return n
}

// Missing lists the partitions that nobody owns now.
func (u *Umpire) Missing() (ids []partition.PartitionID) {
	for _, id := range u.order {
		if !slices.ContainsFunc(u.lots[id].hands, u.owns) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Leads reports whether a worker says that it leads.
func (u *Umpire) Leads(who string) bool {
	l := u.lives[who]
	return l != nil && l.leads
}

// Recovery is how a group came through faults.
type Recovery struct {
	// Covered is when everything had one owner, after the instant at which all was
	// calm again; 0 until then.
	Covered time.Duration
	// Gap is the longest time that a partition had no owner, since it was asked last.
	Gap time.Duration
	// Starved is how long, since it was calm, the machine had no time for some worker.
	Starved time.Duration
}

// Recovered tells what came of the faults that were over at an instant. It is asked
// once after it is known.
func (u *Umpire) Recovered(calm time.Duration) (r Recovery) {
	if u.calmAt != calm || u.covered == 0 {
		return Recovery{}
	}
	r = Recovery{u.covered, u.gap, u.Starved(calm, u.covered)}
	u.gap = 0
	return r
}

// standing is how a worker says it is, from an instant on.
type standing struct {
	at time.Duration
	is string
}

// standings is how many of them are remembered of each life.
const standings = 40

func (l *life) note(at time.Duration, is string) {
	if n := len(l.is); n > 0 && l.is[n-1].is == is {
		return
	}
	if l.is = append(l.is, standing{at, is}); len(l.is) > standings {
		l.is = l.is[1:]
	}
}

// Tell says how each worker is, and how it was since an instant.
func (u *Umpire) Tell(since time.Duration) string {
	var out strings.Builder
	for _, who := range slices.Sorted(maps.Keys(u.lives)) {
		l := u.lives[who]
		fmt.Fprintf(&out, "%s, seen running %v ago, lease ends in %v:\n", who, u.now-l.pulse, l.latest()-u.now)
		for i, s := range l.is {
			if i == len(l.is)-1 || l.is[i+1].at >= since {
				fmt.Fprintf(&out, "  %.3fs: %s\n", s.at.Seconds(), s.is)
			}
		}
	}
	return out.String()
}

// latest is the end of its latest lease.
func (l *life) latest() (end time.Duration) {
	for _, until := range l.leases {
		end = max(end, until)
	}
	return end
}
