package partition

// RoundRobin deals the partitions in canonical order to the members in the order
// of CompareWorkers, like cards. max − min of the counts is at most 1; weights,
// capacities and previous owners do not matter to it, so that one worker that
// joins or leaves moves nearly everything: about 1 − 1/W of all partitions, where
// Sticky moves 1/W. It is for workloads that move at no cost, and to compare with.
//
// With a MoveLimit the first moves in canonical order are made and the others
// left to later decisions, as KeepOwned does; the counts are even once all are
// made.
type RoundRobin struct{}

// Plan implements Strategy. It fails on an input that breaks the rules of Input.
func (RoundRobin) Plan(in Input) (Plan, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	members, err := in.eligible(nil)
	if err != nil {
		return nil, err
	}
	plan := make(Plan, in.Partitions.Len())
	for k := range plan {
		if was := in.Previous[k]; was < None || int(was) >= len(in.Members) {
			return nil, errPrevious(in, k)
		}
		plan[k] = members[k%len(members)]
	}
	return KeepOwned(in, plan), nil
}
