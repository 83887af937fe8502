package bridge

import (
	"fmt"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// mostAhead is how far steps and versions may be ahead of the milliseconds of the
// server's clock: as much as a thousand years, so that a wrong clock does no harm.
const mostAhead = 1000 * 365 * 24 * 60 * 60 * 1000

// timely refuses steps and versions that a group does not come to: the next ones
// follow those that others wrote, and must not overflow. They begin at the server's
// clock and there are fewer than one in a millisecond, so that the limit, which goes
// with the clock, is never reached by those that follow what was not above it.
func timely(record any, at time.Time) error {
	var names string
	var highest uint64
	switch r := record.(type) {
	case partition.Live:
		names, highest = "applied and seen", max(uint64(r.Applied), uint64(r.Seen))
		for _, a := range r.Abandoned {
			names, highest = "applied, seen and the steps and tokens of abandoned", max(highest, uint64(a.Step), uint64(a.Token))
		}
	case partition.Head:
		names, highest = "version and step", max(uint64(r.Version), uint64(r.Step))
	case partition.Assignment:
		names, highest = "version and step", max(uint64(r.Version), uint64(r.Step))
	}
	if most := uint64(max(at.UnixMilli(), 0)) + mostAhead; highest > most {
		return fmt.Errorf("%s are up to %d; must be at most %d", names, highest, most)
	}
	return nil
}

// earlier refuses a record that names a revision which it cannot have known: of a term,
// a claim or evidence that came before it. A head that named a later record of a worker
// would have nobody believed below that.
func earlier(record any, own partition.Revision) (err error) {
	names := func(field, of string, r partition.Revision) {
		if err == nil && r >= own {
			err = fmt.Errorf("%s%s is %d; must be below %d, the revision of the record", field, printable(of), r, own)
		}
	}
	switch r := record.(type) {
	case partition.Live:
		names("claim", "", r.Claim)
		if r.Fence != nil {
			names("term of the fence", "", r.Fence.Term)
		}
	case partition.Head:
		names("term", "", r.Term)
		for _, s := range r.Seats {
			names("live of ", string(s.Worker), s.Live)
		}
		for _, f := range r.Freed {
			names("freed revision of ", string(f.Partition), f.Revision)
		}
	case partition.Journal:
		names("term", "", r.Term)
	}
	return err
}

// until finds the first number of a record that is above its step. All that a publish
// says was decided then or before: a token above it would fence every later owner.
type until struct {
	step partition.Step
	err  error
}

func (u *until) not(field, of string, number uint64) {
	if u.err == nil && number > uint64(u.step) {
		u.err = fmt.Errorf("%s of %s is %d; must be at most %d, the step of the record", field, printable(of), number, u.step)
	}
}

func headWithin(h partition.Head) error {
	u := until{step: h.Step}
	for _, s := range h.Seats {
		u.not("step", string(s.Worker), uint64(s.Step))
	}
	for _, n := range h.Unowned {
		u.not("unowned_entered", string(n.Partition), uint64(n.Entered))
	}
	for _, f := range h.Freed {
		u.not("freed token", string(f.Partition), uint64(f.Token))
	}
	return u.err
}

func assignmentWithin(a partition.Assignment) error {
	u := until{step: a.Step}
	for _, g := range a.Owned {
		u.not("owned_token", string(g.Partition), uint64(g.Token))
		u.not("owned_entered", string(g.Partition), uint64(g.Entered))
	}
	for _, r := range a.Revoking {
		u.not("revoking_token", string(r.Partition), uint64(r.Token))
		u.not("revoking_step", string(r.Partition), uint64(r.Step))
		u.not("revoking_entered", string(r.Partition), uint64(r.Entered))
	}
	return u.err
}
