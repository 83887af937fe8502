package partition

// RoundRobin deals the partitions in canonical order to the members in the order
// of CompareWorkers, like cards. max − min of the counts is at most 1; weights,
// capacities, zones and previous owners do not matter to it, so that one worker that
// joins or leaves moves nearly everything: about 1 − 1/W of all partitions, where
// Sticky moves 1/W. It is for workloads that move at no cost, and to compare with.
// Partitions that not all members may have are dealt to those who may.
//
// With a MoveLimit the first moves in canonical order are made and the others
// left to later decisions, as KeepOwned does; the counts are even once all are
// made.
type RoundRobin struct{}

// Plan implements Strategy. It fails on an input that breaks the rules of Input.
func (RoundRobin) Plan(in Input) (Plan, error) {
	return in.planEach(func(c circle, plan Plan) {
		for i, k := range c.partitions {
			plan[k] = c.members[i%len(c.members)]
		}
	})
}

// planEach lets place fill the plan for each circle, and undoes what exceeds the limit.
func (in Input) planEach(place func(c circle, plan Plan)) (Plan, error) {
	circles, err := in.rings()
	if err != nil {
		return nil, err
	}
	plan := make(Plan, in.Partitions.Len())
	for _, c := range circles {
		if len(c.members) > 0 {
			place(c, plan)
			continue
		}
		for _, k := range c.partitions {
			plan[k] = None // nobody carries its labels
		}
	}
	return KeepOwned(in, plan), nil
}
