package partition

import "slices"

// overloaded reports of each partition whether its owner had more than its share: of
// what the same members may have, on top of what they get that fewer may have.
func (in Input) overloaded(plan Plan, zones ZoneRule) []bool {
	out := make([]bool, len(plan))
	members, err := in.eligible(nil)
	if err != nil {
		return out
	}
	circles := []circle{in.whole(members)}
	if in.bound(zones == RequireZone) {
		circles = in.circles(members, zones == RequireZone)
	}
	weights, even := in.Partitions.Weights, in.Partitions.level()
	if even {
		weights = slices.Repeat([]int64{1}, len(plan))
	}
	base := make([]int64, len(in.Members))
	for _, c := range circles {
		t := task{
			members: c.members, all: in.Members, base: slices.Clone(base), limit: Off,
			previous: gather(in.Previous, c.partitions), weights: gather(weights, c.partitions),
		}
		over := t.overloaded(in, even)
		for _, k := range c.partitions {
			if was := in.Previous[k]; was != None {
				out[k] = over[was]
			}
			if m := plan[k]; m != None {
				base[m] += weights[k]
			}
		}
	}
	return out
}

// overloaded reports of each member whether it had more than its share. Nobody has a
// share of what nobody may have.
func (t task) overloaded(in Input, even bool) []bool {
	out := make([]bool, len(t.all))
	g := weigher{task: t, n: len(t.members)}
	if g.n == 0 || g.prepare(in) != nil {
		return out
	}
	load := slices.Clone(g.load)
	if even {
		g.fair = g.level.find(&g.task, float64(len(t.weights)))
	} else {
		g.measure()
	}
	for p, m := range t.members {
		out[m] = float64(load[p]) > float64(g.fair*g.level.share[p])
	}
	return out
}
