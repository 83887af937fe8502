//go:build linux

package main

import (
	"math/rand/v2"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

const (
	workers = 5
	nodes   = 3
)

// kind is a kind of fault, in the words of the report.
type kind string

// place says what a kind of fault strikes.
type place int

const (
	process place = iota // of a worker
	link                 // all links of a worker
	route                // a link between two nodes
	node                 // one node
	all                  // all nodes: no write is accepted any more
)

// The kinds of faults.
const (
	killed      kind = "worker killed, comes back"
	replaced    kind = "worker killed, another one comes"
	left        kind = "worker stopped, another one comes"
	returned    kind = "worker restarts as announced"
	late        kind = "worker comes back after its hold-down"
	paused      kind = "worker paused"
	twinned     kind = "worker paused, its twin comes"
	linkClosed  kind = "worker's links closed"
	linkSilent  kind = "worker's links silent"
	linkDeaf    kind = "worker hears nothing"
	linkMute    kind = "worker is not heard"
	linkSlow    kind = "worker's links slow"
	linkFlaps   kind = "worker's links flap"
	routeClosed kind = "route closed"
	routeSilent kind = "route silent"
	routeDeaf   kind = "route in one direction"
	routeSlow   kind = "route slow"
	nodeAlone   kind = "node isolated"
	nodeStopped kind = "node stopped"
	nodeKilled  kind = "node killed"
	nodePaused  kind = "node paused"
	allStopped  kind = "all nodes stopped"
	allKilled   kind = "all nodes killed"
	full        kind = "store full"
)

// places has where each kind strikes. Those that occur more often stand in deck
// more than once.
var places = map[kind]place{
	killed: process, replaced: process, left: process, returned: process, late: process, paused: process, twinned: process,
	linkClosed: link, linkSilent: link, linkDeaf: link, linkMute: link, linkSlow: link, linkFlaps: link,
	routeClosed: route, routeSilent: route, routeDeaf: route, routeSlow: route,
	nodeAlone: node, nodeStopped: node, nodeKilled: node, nodePaused: node,
	allStopped: all, allKilled: all, full: all,
}

// deck is dealt out before a kind comes again.
var deck = []kind{
	killed, killed, replaced, left, returned, late, paused, paused, paused, twinned,
	linkClosed, linkSilent, linkDeaf, linkMute, linkSlow, linkFlaps,
	routeClosed, routeSilent, routeDeaf, routeSlow,
	nodeAlone, nodeStopped, nodeKilled, nodePaused, allStopped, allKilled, full,
}

// fault is one fault of an episode.
type fault struct {
	Kind kind
	// Who is the worker or the node that it strikes; Other the far end of a route.
	Who, Other int
	// Leader: it strikes whatever worker leads then, instead.
	Leader bool
	// Start is counted from the beginning of the episode.
	Start, For time.Duration
}

// episode is a number of faults that overlap. When all are over and the store is
// whole, the group has to recover.
type episode struct {
	Faults []fault
	// Rest is how long the group is left alone after that.
	Rest time.Duration
}

// plan draws episodes: the same seed draws the same ones.
type plan struct {
	dice     *rand.Rand
	settings partition.Settings
	cards    []kind
}

func newPlan(seed uint64, s partition.Settings) *plan {
	return &plan{dice: rand.New(rand.NewPCG(seed, 0)), settings: s}
}

const (
	// most is how many faults an episode has at most, spread how far they begin
	// apart from each other.
	most   = 3
	spread = 3 * time.Second
)

// next draws an episode. No two of its faults strike one process, and all that
// strike nodes strike the same one, so that the two others are a majority.
func (p *plan) next() episode {
	var e episode
	victim, struck := p.dice.IntN(nodes), map[int]bool{}
	whole := true // no node was struck
	for n := 1 + p.dice.IntN(most); n > 0; n-- {
		f := fault{Kind: p.deal(), Start: p.upTo(spread), Who: p.dice.IntN(workers), Leader: p.dice.IntN(3) == 0}
		switch places[f.Kind] {
		case process:
			for struck[f.Who] {
				f.Who = (f.Who + 1) % workers
			}
			struck[f.Who] = true
		case link:
		default:
			f.Who, f.Other, f.Leader = victim, (victim+1+p.dice.IntN(nodes-1))%nodes, false
			if !whole {
				p.cards = append(p.cards, f.Kind)
				continue
			}
			whole = false
		}
		f.For = p.length(f.Kind)
		e.Faults = append(e.Faults, f)
	}
	if e.Rest = p.upTo(time.Second); len(e.Faults) == 0 {
		return p.next()
	}
	return e
}

func (p *plan) deal() kind {
	if len(p.cards) == 0 {
		for _, i := range p.dice.Perm(len(deck)) {
			p.cards = append(p.cards, deck[i])
		}
	}
	k := p.cards[0]
	p.cards = p.cards[1:]
	return k
}

// length draws how long a fault lasts. What stops a worker from renewing its lease
// lasts about as long as something that others wait for.
func (p *plan) length(k kind) time.Duration {
	s := p.settings
	switch k {
	case returned:
		return p.upTo(s.RestartHoldDown / 2)
	case late:
		return s.RestartHoldDown + p.upTo(s.Lease)
	case nodeStopped, nodeKilled, allStopped, allKilled:
		if p.dice.IntN(2) == 0 {
			return 0 // without waiting
		}
		return p.upTo(3 * s.Lease)
	case nodeAlone, nodePaused, routeClosed, routeSilent, routeDeaf, routeSlow, linkSlow, linkFlaps:
		return s.Lease/2 + p.upTo(3*s.Lease)
	default:
		edges := []time.Duration{0, s.Suspect(), s.Lease, s.Wait(s.Lease), 2 * s.Lease}
		return edges[p.dice.IntN(len(edges))] + p.upTo(s.Lease/5)
	}
}

func (p *plan) upTo(d time.Duration) time.Duration { return time.Duration(p.dice.Int64N(int64(d))) }
