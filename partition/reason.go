package partition

// Reason says why a decision gives a partition to another owner.
type Reason uint8

const (
	// NoReason: it stays, or the decision of an earlier leader moves it.
	NoReason Reason = iota
	// OwnerGone: its owner left, crashed, or gives everything up.
	OwnerGone
	// OverTheBand: its owner has more than its share, as Sticky counts it.
	OverTheBand
	// ReturnedHome: it goes back to whom it belonged before that one was gone.
	ReturnedHome
	// PinnedThere: it is pinned to its new owner.
	PinnedThere
	// ZoneMatch: its new owner is in its zone, which the old one is not.
	ZoneMatch
	// LabelsMissing: its owner lacks one of its labels.
	LabelsMissing
	// OldHandler: nothing but an old handler for it, written off, that still runs where it
	// was or was to go.
	OldHandler
	// ByStrategy: none of these. It was exchanged for another one, or the strategy goes
	// by something else.
	ByStrategy
)

// String returns the reason in a few words.
func (r Reason) String() string {
	return choice(int(r), "on its way", "owner gone", "over the band", "returned home", "pinned", "zone", "labels", "old handler runs", "by the strategy")
}

// Reasons says of each partition of a plan why it has another owner than before. zones
// is what zones mean to the strategy. Several reasons may apply: the one that would have
// moved it without the others counts.
func Reasons(in Input, plan Plan, zones ZoneRule) []Reason {
	out := make([]Reason, len(plan))
	var over []bool
	for k, m := range plan {
		was, i := in.Previous[k], int32(k)
		switch {
		case m == was:
		case m != None && in.Partitions.pin(i) == in.Members[m].ID:
			out[k] = PinnedThere
		case was == None || in.Members[was].Draining:
			out[k] = OwnerGone
		case !carries(in.Members[was], in.Partitions.labels(i)):
			out[k] = LabelsMissing
		case zones == RequireZone && in.strays(i, was):
			out[k] = ZoneMatch
		case in.Home != nil && m != None && in.Home[k] == m:
			out[k] = ReturnedHome
		case zones == PreferZone && in.strays(i, was) && m != None && !in.strays(i, m):
			out[k] = ZoneMatch
		default:
			if over == nil {
				over = in.overloaded(plan, zones)
			}
			if out[k] = ByStrategy; over[k] {
				out[k] = OverTheBand
			}
		}
	}
	return out
}

// strays reports whether a member is not in the zone that the partition names.
func (in Input) strays(k, m int32) bool {
	zone := in.Partitions.zone(k)
	return zone != "" && in.Members[m].Zone != zone
}
