package partition

import (
	"cmp"
	"slices"
	"time"
)

// Question is what is asked of a strategy, and what is needed to read its answer.
// Sessions that announced their return keep what they have: neither they nor their
// partitions are part of the question.
type Question struct {
	Input Input
	// target is complete but for the owners that the strategy decides.
	target Target
	// index has, for each partition of the input, its index in the target.
	index []int32
	// member has, for each member of the input, its index in the target.
	member []int32
	// barred are the workers that may not have a partition: their old handler
	// for it still runs.
	barred map[PartitionID][]WorkerID
}

// Asking is what a question depends on besides the state of the group.
type Asking struct {
	Now   time.Time
	Rules Rules
	// MoveLimit is that of the Input.
	MoveLimit int
	// Listed has, for a session, the refresh that the last listing of the source
	// answers: a decision serves no later one.
	Listed map[SessionID]uint64
	// Homes are those of the group.
	Homes Homes
}

// Ask makes the question for a decision. previous is the target that is being
// handed over, nil if there is none: what is on its way counts as there.
func Ask(t Table, previous *Target, c Change, set Set, by Asking) Question {
	q := Question{target: Target{Set: set, Owner: make([]int32, len(set.IDs)), Silent: c.Silent}, barred: map[PartitionID][]WorkerID{}}
	q.Input.MoveLimit = by.MoveLimit
	place := owners{
		members: make(map[WorkerID]int32, len(c.Members)), waits: map[WorkerID]bool{}, why: make([]Reason, len(set.IDs)),
		resumes: make([]bool, len(t.Seats)),
	}
	for i, w := range c.Members {
		renews := w.Standing(by.Now, by.Rules) == Renewing // and does not only announce to come back
		q.target.Seats = append(q.target.Seats, TargetSeat{
			w.Worker, w.Live.Session, min(w.Live.Refresh, by.Listed[w.Live.Session]), w.Live.Draining && renews,
		})
		place.members[w.Worker] = int32(i)
		if !renews {
			place.waits[w.Worker] = true
			continue
		}
		q.member = append(q.member, int32(i))
		q.Input.Members = append(q.Input.Members, w.Member())
		for _, a := range w.Live.Abandoned {
			q.barred[a.Partition] = append(q.barred[a.Partition], w.Worker)
		}
	}
	dense := make([]int32, len(q.target.Seats)) // target seat to input member
	for i := range dense {
		dense[i] = None
	}
	for m, seat := range q.member {
		dense[seat] = int32(m)
	}
	if by.MoveLimit != Off {
		q.target.Saw = t.Step
	}
	for i, s := range t.Seats {
		place.resumes[i] = previous != nil && q.target.resumes(s.Worker, *previous)
	}
	place.find(t, previous, set, q.target.Owner)
	q.target.Why = place.why
	for k, owner := range q.target.Owner {
		was := None
		if owner != None {
			if was = dense[owner]; was == None {
				continue // reserved for one that comes back
			}
		}
		q.index = append(q.index, int32(k))
		q.Input.Previous = append(q.Input.Previous, was)
	}
	q.Input.Partitions = set.pick(q.index)
	q.Input.Home = by.Homes.of(q.Input)
	return q
}

// owners finds who owns or is getting each partition.
type owners struct {
	members map[WorkerID]int32 // index in the target's seats
	waits   map[WorkerID]bool  // those that announced to come back
	why     []Reason           // of what is on its way
	resumes []bool             // by seat: it may own again what is on its way, and was not given to another yet
}

func (o owners) at(w WorkerID) int32 {
	if i, ok := o.members[w]; ok {
		return i
	}
	return None
}

// find fills out with indexes of the target's seats; None if nobody who counts
// owns the partition or is getting it.
func (o owners) find(t Table, previous *Target, set Set, out []int32) {
	rows, olds := 0, 0
	for k, id := range set.IDs {
		out[k] = None
		there := None
		for rows < len(t.Rows) && t.Rows[rows].Partition < id {
			rows++
		}
		if rows < len(t.Rows) && t.Rows[rows].Partition == id {
			var kept bool
			if out[k], kept = o.row(t, t.Rows[rows]); kept {
				continue
			}
			if r := t.Rows[rows]; r.Seat != None {
				there = o.at(t.Seats[r.Seat].Worker)
				if out[k] == there && (o.resumes[r.Seat] || previous != nil && previous.leaves(t, r) != None) {
					continue
				}
			}
		}
		if previous == nil {
			continue
		}
		for olds < len(previous.Set.IDs) && previous.Set.IDs[olds] < id {
			olds++
		}
		if olds < len(previous.Set.IDs) && previous.Set.IDs[olds] == id && previous.Owner[olds] != None {
			if to := o.at(previous.Seats[previous.Owner[olds]].Worker); to != None {
				if out[k] = to; to != there && previous.Why != nil {
					o.why[k] = previous.Why[olds]
				}
			}
		}
	}
}

// row is where the table says that a partition is or goes. It is kept there if its
// owner announced its return.
func (o owners) row(t Table, r Row) (to int32, kept bool) {
	if r.Seat != None {
		owner := t.Seats[r.Seat].Worker
		if to = o.at(owner); o.waits[owner] {
			return to, true
		}
	} else {
		to = None
	}
	if r.Pending != None {
		if next := o.at(t.Seats[r.Pending].Worker); next != None {
			to = next
		}
	}
	return to, false
}

// Answer joins the plan to the question. The plan must have been validated; zones is
// what zones mean to its strategy. What it gives to nobody has no owner in the target
// either.
func (q Question) Answer(p Plan, zones ZoneRule) Target {
	t, planned := q.target, p
	p = q.reroute(p, zones)
	t.Owner, t.Why = slices.Clone(q.target.Owner), slices.Clone(q.target.Why)
	t.Measure = MeasurePlan(q.Input, p, zones)
	for i, why := range Reasons(q.Input, p, zones) {
		was := q.Input.Previous[i]
		if p[i] == was {
			continue
		}
		if t.Why[q.index[i]] = why; planned[i] == was {
			t.Why[q.index[i]] = OldHandler // nothing else would have moved it
		}
	}
	for i, m := range p {
		if t.Owner[q.index[i]] = None; m != None {
			t.Owner[q.index[i]] = q.member[m]
		}
	}
	return t
}

// reroute gives what goes to a member that still runs an old handler for it to another: to
// the one that has it, else to the one of those that may have it which is then the least
// loaded for its capacity, of its own zone first if the strategy looks at zones, and of no
// other one if it requires that. If there is none, it waits for the old handler to end: where
// it is, even if it should not be there, as long as somebody has it.
func (q Question) reroute(p Plan, zones ZoneRule) Plan {
	in := q.Input
	members, err := in.eligible(nil)
	if err != nil || len(q.barred) == 0 {
		return p
	}
	out, load := slices.Clone(p), make([]int64, len(in.Members))
	for i, m := range p {
		if m != None {
			load[m] += in.Partitions.Weights[i]
		}
	}
	near, far := in.bonds(members, zones != AnyZone), in.bonds(members, zones == RequireZone)
	for i, m := range p {
		barred := q.barred[in.Partitions.IDs[i]]
		runs := func(m int32) bool { return slices.Contains(barred, in.Members[m].ID) }
		if m == None || !runs(m) {
			continue
		}
		may := slices.DeleteFunc(far.of(i).admit(in, members), runs)
		was := in.Previous[i]
		switch {
		case slices.Contains(may, was), len(may) == 0 && slices.Contains(members, was) && !runs(was):
			out[i] = was
		case len(may) == 0:
			continue
		default:
			if zoned := slices.DeleteFunc(near.of(i).admit(in, members), runs); len(zoned) > 0 {
				may = zoned
			}
			w := in.Partitions.Weights[i]
			with := func(m int32) float64 { return float64(load[m]+w) / in.Members[m].share() }
			out[i] = slices.MinFunc(may, func(a, b int32) int { return cmp.Compare(with(a), with(b)) })
		}
		load[m] -= in.Partitions.Weights[i]
		load[out[i]] += in.Partitions.Weights[i]
	}
	return out
}

// Plannable reports whether there is anything to plan, and anybody to plan for.
// Without, the target leaves everything where it is.
func (q Question) Plannable() bool {
	return len(q.index) > 0 && slices.ContainsFunc(q.Input.Members, func(m Member) bool { return !m.Draining })
}

// AsIs is the answer when nobody can be given anything.
func (q Question) AsIs() Target { return q.target }
