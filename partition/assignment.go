package partition

// Granted returns what the assignment lets its session own, in canonical order.
func (a Assignment) Granted() []Owned {
	out := make([]Owned, len(a.Owned))
	for i, g := range a.Owned {
		out[i] = Owned{g.Partition, g.Token, g.Entered}
	}
	return out
}

// Diff compares two lists of owned partitions in canonical order. A partition
// whose token changed is in both results: it was lost and granted again.
func Diff(before, after []Owned) (gained, lost []Owned) {
	i, k := 0, 0
	for i < len(before) || k < len(after) {
		switch {
		case k == len(after) || i < len(before) && before[i].ID < after[k].ID:
			lost = append(lost, before[i])
			i++
		case i == len(before) || after[k].ID < before[i].ID:
			gained = append(gained, after[k])
			k++
		default:
			if before[i].Token != after[k].Token {
				lost, gained = append(lost, before[i]), append(gained, after[k])
			}
			i, k = i+1, k+1
		}
	}
	return gained, lost
}
