package partition

import (
	"slices"
	"time"
)

// Question is what is asked of a strategy, and what is needed to read its
// answer. Sessions that announced to come back keep what they have: neither they
// nor their partitions are part of the question.
type Question struct {
	Input Input
	// target is complete but for the owners that the strategy decides.
	target Target
	// index has, for each partition of the input, its index in the target.
	index []int32
	// member has, for each member of the input, its index in the target.
	member []int32
}

// Ask makes the question for a decision. previous is the target that is being
// handed over, nil if the table is settled: what is on its way counts as there.
func Ask(t Table, previous *Target, c Change, set Set, now time.Time, rules Rules, moveLimit int) Question {
	q := Question{target: Target{Set: set, Owner: make([]int32, len(set.IDs))}}
	q.Input.MoveLimit = moveLimit
	byWorker := make(map[WorkerID]int32, len(c.Members))
	for i, w := range c.Members {
		q.target.Seats = append(q.target.Seats, TargetSeat{w.Worker, w.Live.Session, w.Live.Refresh})
		byWorker[w.Worker] = int32(i)
		if w.Standing(now, rules) == Renewing {
			q.member = append(q.member, int32(i))
			q.Input.Members = append(q.Input.Members, Member{ID: w.Worker, Draining: w.Live.Draining})
		}
	}
	dense := make([]int32, len(q.target.Seats)) // target seat to input member
	for i := range dense {
		dense[i] = None
	}
	for m, seat := range q.member {
		dense[seat] = int32(m)
	}
	owners := owners(t, previous, set, byWorker)
	for k := range set.IDs {
		q.target.Owner[k] = owners[k]
		if owners[k] != None && dense[owners[k]] == None {
			continue // reserved for one that comes back
		}
		q.index = append(q.index, int32(k))
		was := None
		if owners[k] != None {
			was = dense[owners[k]]
		}
		q.Input.Previous = append(q.Input.Previous, was)
	}
	q.Input.Partitions = set.pick(q.index)
	return q
}

// owners returns, for each partition, who owns or is getting it, as an index of
// the target's seats; None if nobody who counts does.
func owners(t Table, previous *Target, set Set, byWorker map[WorkerID]int32) []int32 {
	out := make([]int32, len(set.IDs))
	rows, olds := 0, 0
	at := func(w WorkerID) int32 {
		if i, ok := byWorker[w]; ok {
			return i
		}
		return None
	}
	for k, id := range set.IDs {
		out[k] = None
		for rows < len(t.Rows) && t.Rows[rows].Partition < id {
			rows++
		}
		if rows < len(t.Rows) && t.Rows[rows].Partition == id && t.Rows[rows].Seat != None {
			out[k] = at(t.Seats[t.Rows[rows].Seat].Worker)
		}
		if previous == nil {
			continue
		}
		for olds < len(previous.Set.IDs) && previous.Set.IDs[olds] < id {
			olds++
		}
		if olds < len(previous.Set.IDs) && previous.Set.IDs[olds] == id && previous.Owner[olds] != None {
			if to := at(previous.Seats[previous.Owner[olds]].Worker); to != None {
				out[k] = to
			}
		}
	}
	return out
}

func (s Set) pick(index []int32) Set {
	if len(index) == len(s.IDs) {
		return s
	}
	p := Set{IDs: make([]PartitionID, len(index)), Weights: make([]int64, len(index))}
	for i, k := range index {
		p.IDs[i], p.Weights[i] = s.IDs[k], s.Weights[k]
		p.note(i, Partition{Zone: s.zone(k), Labels: s.labels(k)})
	}
	p.Digest = p.digest()
	return p
}

func (s Set) zone(k int32) string {
	if s.Zones == nil {
		return ""
	}
	return s.Zones[k]
}

func (s Set) labels(k int32) []string {
	if s.Labels == nil {
		return nil
	}
	return s.Labels[k]
}

// Answer joins the plan to the question. The plan must have been validated.
func (q Question) Answer(p Plan) Target {
	t := q.target
	t.Owner = slices.Clone(q.target.Owner)
	for i, m := range p {
		t.Owner[q.index[i]] = q.member[m]
	}
	return t
}

// Plannable reports whether there is anybody to plan for. Without, the target
// leaves everything where it is.
func (q Question) Plannable() bool {
	return slices.ContainsFunc(q.Input.Members, func(m Member) bool { return !m.Draining })
}

// AsIs is the answer when nobody can be given anything.
func (q Question) AsIs() Target { return q.target }
