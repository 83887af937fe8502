package scenario

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/test/sim"
)

// check tells whether a fact is true at the end of a play.
//
//	covered                 every partition is owned and worked on
//	owns w1 8               so many partitions
//	spread 2 3              every worker that lives owns so many, least and most
//	state w1 Stable         as its user heard last
//	leader w1               as the store says
//	ended w1                it has stopped or crashed
//	moves 8, heads 3        so many at all
//	transfers 4             moves that were not to another session of one worker
//	dead letters 0          mail that found nobody
//	overlaps 4              times that two worked on one partition
//	says REGEXP             somebody said so
//	never REGEXP            nobody did
//	first REGEXP then REGEXP   both were said, in this order
//	last w1 REGEXP          nothing was said by w1 after this
//	within 2s REGEXP then REGEXP   each time, and so much later at most
//	apart 2s REGEXP then REGEXP    the second, if it comes, so much later at least
func (p *play) check(fact string) error {
	verb, rest, _ := strings.Cut(fact, " ")
	switch verb {
	case "covered":
		if u, idle := p.world.Check.Unowned(), p.world.Check.Idle(); len(u)+len(idle) > 0 {
			return fmt.Errorf("nobody owns %v, nobody works on %v", u, idle)
		}
		return nil
	case "moves":
		return same(p.world.Check.Moves(), rest)
	case "transfers":
		return same(p.world.Check.Transfers(), rest)
	case "heads":
		return same(p.world.Check.Heads(), rest)
	case "overlaps":
		return same(len(p.world.Check.Overlaps())+p.world.Check.Overlapping(), rest)
	case "dead":
		return same(p.world.DeadLetters(), strings.TrimPrefix(rest, "letters "))
	case "says", "never", "first":
		return p.spoken(verb, rest)
	case "spread":
		return p.spread(rest)
	case "within", "apart":
		return p.distance(verb, rest)
	}
	words := strings.Fields(rest)
	who, err := p.who(words[0])
	if err != nil {
		return err
	}
	switch verb {
	case "owns":
		return same(len(who.Heard.Assignment.All), words[1])
	case "state":
		return same(who.Heard.State, words[1])
	case "leader":
		if p.world.Leader() != who {
			return fmt.Errorf("it does not lead")
		}
		return nil
	case "ended":
		return same(who.Ended(), "true")
	case "last":
		return p.last(who, strings.Join(words[1:], " "))
	}
	return fmt.Errorf("there is no fact %q", verb)
}

func (p *play) spread(must string) error {
	least, most := math.MaxInt, 0
	for _, who := range p.processes {
		if !who.Ended() {
			n := len(who.Heard.Assignment.All)
			least, most = min(least, n), max(most, n)
		}
	}
	return same(fmt.Sprintf("%d %d", least, most), must)
}

func same(is any, must string) error {
	if text := fmt.Sprint(is); text != must {
		return fmt.Errorf("it is %s", text)
	}
	return nil
}

// spoken looks for one thing, or for two in their order.
func (p *play) spoken(verb, rest string) error {
	first, second, both := strings.Cut(rest, " then ")
	at, err := p.find(first, 0)
	switch {
	case err != nil:
		return err
	case verb == "never":
		if at >= 0 {
			return fmt.Errorf("it was said: %s", p.everything()[at])
		}
		return nil
	case at < 0:
		return fmt.Errorf("nobody said %s", strconv.Quote(first))
	case verb == "first" && both:
		at, err = p.find(second, at+1)
		if err == nil && at < 0 {
			err = fmt.Errorf("nobody said %s after that", strconv.Quote(second))
		}
	}
	return err
}

// distance measures, in virtual time, from each time that one thing was said to the
// other.
func (p *play) distance(verb, rest string) error {
	text, rest, _ := strings.Cut(rest, " ")
	length, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	first, second, _ := strings.Cut(rest, " then ")
	all, n := p.world.Trace.Since(0), 0
	for from, err := p.find(first, 0); from >= 0 || err != nil; from, err = p.find(first, from+1) {
		to, err2 := p.find(second, from+1)
		switch {
		case err != nil || err2 != nil:
			return errors.Join(err, err2)
		case to < 0 && verb == "apart":
			continue
		case to < 0:
			return fmt.Errorf("nobody said %q after %s", second, all[from])
		}
		n++
		if took := all[to].At - all[from].At; took > length && verb == "within" || took < length && verb == "apart" {
			return fmt.Errorf("it took %v after %s", took, all[from])
		}
	}
	if n == 0 {
		return fmt.Errorf("nobody said %q, and then %q", first, second)
	}
	return nil
}

// last looks at everything that a process said or did, heartbeats included.
func (p *play) last(who *sim.Process, pattern string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	for _, l := range slices.Backward(p.world.Trace.Since(0)) {
		if l.Who != who.Name {
			continue
		}
		if !re.MatchString(l.Text) {
			return fmt.Errorf("it was %s", l)
		}
		return nil
	}
	return fmt.Errorf("it said nothing")
}

func (p *play) find(pattern string, from int) (int, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return -1, err
	}
	all := p.everything()
	for i := from; i < len(all); i++ {
		if re.MatchString(all[i]) {
			return i, nil
		}
	}
	return -1, nil
}
