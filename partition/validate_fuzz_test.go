package partition

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzValidatePlan compares the validator with a second, plain opinion. Bytes say of
// each member whether it drains, its labels and its zone, and of each partition its labels,
// its zone, its pin, its previous owner and the owner that was planned. The faults are
// named in their order, the first ten of them, and nothing else is.
func FuzzValidatePlan(f *testing.F) {
	f.Add([]byte{0}, []byte{0, 0, 0, 0, 0, 0}, 3)
	f.Add([]byte{0, 1, 0}, []byte{0, 0, 0, 1, 0, 2, 0, 3, 0, 255, 0, 254}, 6)
	f.Add([]byte{1, 1}, []byte{0, 255, 0, 255, 0, 0}, 3)
	f.Add([]byte{}, []byte{0, 255}, 1)
	f.Add([]byte{0, 0}, []byte{0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9}, 12)
	f.Add([]byte{0, 0}, []byte{0, 0}, 2)
	f.Add([]byte{2, 4, 0}, []byte{1, 1, 2, 255, 8, 0, 16, 2, 24, 1, 65, 0}, 6)
	f.Add([]byte{2, 8, 10, 11}, []byte{1, 0, 17, 0, 17, 1, 17, 2, 17, 3, 17, 255}, 6) // x, or x and y
	f.Add([]byte{4, 20, 5}, []byte{2, 255, 18, 255, 50, 255, 2, 0, 22, 255}, 5)       // zones z and w
	f.Add([]byte{0, 1, 2}, []byte{20, 0, 20, 1, 36, 1, 100, 2, 5, 0, 4, 255}, 6)      // pins
	f.Add([]byte{0}, []byte{6, 255}, 1)
	f.Fuzz(func(t *testing.T, members, partitions []byte, count int) {
		if count < 0 || count > 1000 || len(partitions) > 2000 || len(members) > 100 {
			return
		}
		in := Input{Members: manyMembers(len(members)), Partitions: manyPartitions(count), Previous: repeated(None, count)}
		for i, b := range members {
			m := &in.Members[i]
			m.Draining, m.Labels, m.Zone = b&1 != 0, fuzzLabels(b&2 != 0, b&8 != 0), fuzzZone(b&4 != 0, b&16 != 0)
		}
		var plan Plan
		for k := 0; 2*k+1 < len(partitions); k++ {
			plan = append(plan, int32(int8(partitions[2*k+1])))
			if k < count {
				in.restrict(k, partitions[2*k])
			}
		}
		var have []string
		if err := ValidatePlan(in, plan); err != nil {
			have = strings.Split(err.Error(), "\n")
		}
		want := in.faults(plan)
		require.Len(t, have, len(want))
		for i := range want {
			require.True(t, strings.HasPrefix(have[i], want[i]), "%q, not %q", have[i], want[i])
		}
	})
}

func fuzzLabels(x, y bool) (labels []string) {
	if x {
		labels = append(labels, "x")
	}
	if y {
		labels = append(labels, "y")
	}
	return labels
}

func fuzzZone(some, other bool) string {
	switch {
	case !some:
		return ""
	case other:
		return "w"
	}
	return "z"
}

// restrict reads what a byte says of a partition. What none of them has is nil.
func (in *Input) restrict(k int, b byte) {
	set, number := &in.Partitions, int(b>>4)
	if b&1 != 0 {
		if set.Labels == nil {
			set.Labels = make([][]string, set.Len())
		}
		set.Labels[k] = fuzzLabels(true, b&16 != 0)
	}
	if b&2 != 0 {
		if set.Zones == nil {
			set.Zones = make([]string, set.Len())
		}
		set.Zones[k] = fuzzZone(true, b&16 != 0)
	}
	if b&4 != 0 {
		if set.Pins == nil {
			set.Pins = make([]WorkerID, set.Len())
		}
		set.Pins[k] = WorkerIDAt("worker", number)
	}
	if b&8 != 0 && number < len(in.Members) {
		in.Previous[k] = int32(number)
	}
}

// faults are how the lines begin that the validator should say.
func (in Input) faults(plan Plan) (lines []string) {
	if n := in.Partitions.Len(); len(plan) != n {
		return []string{fmt.Sprintf("plan: has %d entries; must have one for each of %d partitions", len(plan), n)}
	}
	for k, owner := range plan {
		if !allowed(in, k, owner) {
			lines = append(lines, fmt.Sprintf("plan: partition %q at index %d: ", in.Partitions.IDs[k], k))
		}
	}
	if more := len(lines) - 10; more > 0 {
		lines = append(lines[:10], fmt.Sprintf("plan: %d more faults", more))
	}
	return lines
}

// allowed says what the validator should say, without any of its shortcuts, and with
// nothing of the package's own: who may have it is the live member that it is pinned to,
// else each live one with all its labels.
func allowed(in Input, k int, owner int32) bool {
	var labels []string
	var zone string
	var pin WorkerID
	if in.Partitions.Labels != nil {
		labels = in.Partitions.Labels[k]
	}
	if in.Partitions.Zones != nil {
		zone = in.Partitions.Zones[k]
	}
	if in.Partitions.Pins != nil {
		pin = in.Partitions.Pins[k]
	}
	may, near, pinned := map[int32]bool{}, false, false
	for i, m := range in.Members {
		if m.ID == pin && !m.Draining {
			may[int32(i)], pinned = true, true
		}
	}
	for i, m := range in.Members {
		has := true
		for _, l := range labels {
			has = has && slices.Contains(m.Labels, l)
		}
		if !pinned && !m.Draining && has {
			may[int32(i)] = true
			near = near || m.Zone == zone
		}
	}
	switch {
	case may[owner]:
		return true
	case owner == None: // nobody may have it, or nobody in its zone
		return len(may) == 0 || !pinned && zone != "" && !near
	}
	stays := owner >= 0 && int(owner) < len(in.Members) && in.Previous[k] == owner
	return stays && !in.Members[owner].Draining
}
