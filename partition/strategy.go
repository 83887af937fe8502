package partition

// None marks a partition without an owner in the dense slices of Input and Plan.
const None = int32(-1)

// Off turns off a setting that can be off: a window, an interval, a limit.
const Off = -1

// Input is all that a strategy may look at. It is read-only, and large: keep no
// reference to it after Plan has returned.
type Input struct {
	// Members may own partitions, in the order of CompareWorkers. There is at
	// least one that is not draining.
	Members []Member
	// Partitions are to be placed, in canonical order.
	Partitions Set
	// Previous has, for each partition, the index in Members of the one that
	// owns it or that is getting it, or None.
	Previous []int32
	// Home has, for each partition, the index in Members of the one that owned it
	// before it was gone for a while, or None. It is nil if there is none. A
	// strategy may bring a partition home when it is to move anyway.
	Home []int32
	// MoveLimit is how many partitions with a previous owner that is not
	// draining may change owner: Off is no limit, 0 places only the others.
	// What exceeds it is undone before the plan is used.
	MoveLimit int
}

// Plan has, for each partition of the input, the index in Members of its owner.
type Plan []int32

// Strategy decides who gets what. Plan must be a pure function: the same input
// gives the same plan in every process, and nothing is remembered between calls
// that changes a plan. It must place every partition on one member that is not
// draining and that may have it: the one that it is pinned to, or one that carries
// all its labels. What it may not move stays where it is, though. What it returns
// is validated before it is used, as ValidatePlan says; an error, a panic or a bad
// plan leaves the present assignment as it is.
//
// Plan runs in an actor of its own with a deadline, so it may compute for long,
// but it must return some day.
type Strategy interface {
	Plan(in Input) (Plan, error)
}

// Zoned is a Strategy that looks at zones, and says what they mean to it. Of one that is
// not Zoned the group takes AnyZone: what is in another zone stays there until it moves
// for another reason.
type Zoned interface {
	Strategy
	// ZoneRule returns what zones mean to it, always the same.
	ZoneRule() ZoneRule
}
