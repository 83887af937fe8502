package partition

import "slices"

// overloaded reports of each partition whether its owner had more than its share: of
// what the same members may have, on top of what they get that fewer may have.
func (in Input) overloaded(plan Plan, zones ZoneRule) []bool {
	out := make([]bool, len(plan))
	in.tasks(plan, zones, func(t task, partitions []int32, even bool) {
		over := t.overloaded(in, even, gather(plan, partitions))
		for _, k := range partitions {
			if was := in.Previous[k]; was != None {
				out[k] = over[was]
			}
		}
	})
	return out
}

// tasks calls f with a task for each circle, on top of what a plan places of those with
// fewer members. If all weights are equal, they are 1. Without members there is no task.
func (in Input) tasks(plan Plan, zones ZoneRule, f func(t task, partitions []int32, even bool)) {
	members, err := in.eligible(nil)
	if err != nil {
		return
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
		f(task{
			members: c.members, all: in.Members, base: base, limit: Off,
			previous: gather(in.Previous, c.partitions), weights: gather(weights, c.partitions),
		}, c.partitions, even)
		for _, k := range c.partitions {
			if m := plan[k]; m != None {
				base[m] += weights[k]
			}
		}
	}
}

// overloaded reports of each member whether it had more than its share. Nobody has a
// share of what nobody may have, and nobody shares what those keep who are above their
// bands before a plan and after it.
func (t task) overloaded(in Input, even bool, plan []int32) []bool {
	out := make([]bool, len(t.all))
	g := weigher{task: t, n: len(t.members)}
	if g.n == 0 || g.prepare(in) != nil {
		return out
	}
	load := slices.Clone(g.load)
	if even {
		g.fair = g.level.find(&g.task, float64(len(t.weights)))
	} else if g.measure(); !g.uniform {
		after := slices.Clone(t.base)
		for k, m := range plan {
			if m != None {
				after[m] += t.weights[k]
			}
		}
		for p, m := range t.members {
			g.load[p] = min(load[p], after[m])
		}
		g.exemptAll()
	}
	for p, m := range t.members {
		out[m] = float64(load[p]) > float64(g.fair*g.level.share[p])
	}
	return out
}
