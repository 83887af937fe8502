package partition

// Homes says to which worker a partition belonged before that worker was gone. One that
// comes back under the same ID gets its partitions before others do, out of what moves
// anyway: its caches may still be warm.
type Homes map[PartitionID]WorkerID

// Follow notes what changed from one table to a later one. A partition that goes to
// another worker because its owner is gone keeps its home, until it is back there or
// moves from a worker that is still there. gone reports whether a worker is gone.
func (h Homes) Follow(before, after Table, gone func(WorkerID) bool) {
	at := 0
	for _, was := range before.Rows {
		for at < len(after.Rows) && after.Rows[at].Partition < was.Partition {
			at++
		}
		if at == len(after.Rows) || after.Rows[at].Partition != was.Partition {
			delete(h, was.Partition) // the source lists it no more
			continue
		}
		var from, to WorkerID
		if was.Seat != None {
			from = before.Seats[was.Seat].Worker
		}
		if next := after.Rows[at].Seat; next != None {
			to = after.Seats[next].Worker
		}
		switch {
		case from == to:
		case from != "" && gone(from):
			if _, has := h[was.Partition]; !has {
				h[was.Partition] = from
			}
		case from != "", h[was.Partition] == to:
			delete(h, was.Partition)
		}
	}
}

// of returns the homes of a question's partitions, nil if none is among the members.
func (h Homes) of(in Input) []int32 {
	if len(h) == 0 {
		return nil
	}
	index := make(map[WorkerID]int32, len(in.Members))
	for i, m := range in.Members {
		index[m.ID] = int32(i)
	}
	var out []int32
	for k, id := range in.Partitions.IDs {
		m, there := index[h[id]]
		if !there {
			continue
		}
		if out == nil {
			out = make([]int32, in.Partitions.Len())
			for i := range out {
				out[i] = None
			}
		}
		out[k] = m
	}
	return out
}
