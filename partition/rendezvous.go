package partition

import (
	"math"
	"math/bits"
)

// Rendezvous gives each partition to the member that draws the highest number for it,
// where a member's number depends on nothing but both IDs and its capacity (highest
// random weight: Thaler and Ravishankar, 1996; with capacities: Schindelhauer and
// Schomaker, 2005). It needs no previous owners: whoever knows the members knows the
// owner of a partition without asking anybody.
//
// Balance: as with dice. A member has its share of the partitions give or take a few
// times the square root of that share; weights do not matter to it, so that the
// heaviest partition decides how uneven it is. Movement: the least, on average. A
// join moves only what the new member gets, a leave only what had no owner; a
// changed capacity moves only to or from that member. Time is O(P·W).
//
// With a MoveLimit the first moves in canonical order are made, as KeepOwned does.
type Rendezvous struct{}

// Plan implements Strategy. It fails on an input that breaks the rules of Input. The
// order of Input.Members does not matter.
func (Rendezvous) Plan(in Input) (Plan, error) {
	return in.planEach(func(c circle, plan Plan) {
		names, shares := make([]uint64, len(c.members)), make([]float64, len(c.members))
		even := true
		for i, m := range c.members {
			names[i] = hashText(string(in.Members[m].ID))
			shares[i] = in.Members[m].share()
			even = even && shares[i] == shares[0]
		}
		for _, k := range c.partitions {
			name := hashText(string(in.Partitions.IDs[k]))
			if even {
				plan[k] = c.members[highest(name, names)]
			} else {
				plan[k] = c.members[highestShare(name, names, shares)]
			}
		}
	})
}

// highest returns who draws the highest number; the first one if two do.
func highest(name uint64, names []uint64) int {
	best, most := 0, draw(name, names[0])
	for i := 1; i < len(names); i++ {
		if n := draw(name, names[i]); n > most {
			best, most = i, n
		}
	}
	return best
}

// highestShare is highest with capacities: a member wins as often as its share says if
// it stretches the logarithm of its number by it.
func highestShare(name uint64, names []uint64, shares []float64) int {
	best, least, number := 0, math.Inf(1), uint64(0)
	for i := range names {
		n := draw(name, names[i])
		if l := minusLog(n) / shares[i]; l < least || l == least && n > number {
			best, least, number = i, l, n
		}
	}
	return best
}

// draw mixes two hashes.
func draw(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0x9E3779B97F4A7C15, b^0xE7037ED1A0B428DB)
	x := high ^ low ^ b
	x ^= x >> 32
	x *= 0xD6E8FEB86659FD93
	return x ^ x>>32
}

// minusLog is −ln((n + ½) / 2⁶⁴). It is made of operations that give the same result
// on every machine, which math.Log does not promise.
func minusLog(n uint64) float64 {
	exponent := bits.Len64(n)
	if exponent == 0 {
		return 65 * math.Ln2
	}
	m := float64(float64(n<<(64-exponent)>>11) / (1 << 53)) // n = m·2^exponent, ½ ≤ m < 1
	s := (m - 1) / (m + 1)
	square, power, sum := float64(s*s), s, 0.0
	for odd := 1.0; odd < 40; odd += 2 { // ln m = 2·(s + s³/3 + s⁵/5 + …), |s| ≤ ⅓
		sum += float64(power / odd)
		power = float64(power * square)
	}
	return float64(float64(64-exponent)*math.Ln2) - float64(2*sum)
}
