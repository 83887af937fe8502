package sim

import (
	"slices"

	"github.com/troupe-actors/troupe/partition"
)

// What records say, and how lists differ, by rules of the checker's own: package partition
// has such rules too, and a checker that asked them would find right whatever they get wrong.
// What the checker shares with the product is the decoder of records, their types, and the
// digest of a source's list.

// ended reports whether nobody renews a record any more.
func ended(r partition.Live) bool { return r.Released || r.Fence != nil }

// holds reports whether a record says that this was revoked, and is not let go yet.
func holds(r partition.Live, id partition.PartitionID) bool { return slices.Contains(r.Held, id) }

// hasAbandoned reports whether a record says that this is written off.
func hasAbandoned(r partition.Live, id partition.PartitionID) bool {
	return slices.ContainsFunc(r.Abandoned, func(x partition.Abandoned) bool { return x.Partition == id })
}

// fenced is the record that a fence has to leave of one that it ends: all of it, and the
// fence. A claim could not name its own revision; what follows it does.
func fenced(was shown, by *partition.Fence) partition.Live {
	r := was.live
	r.Fence = by
	if r.Claim == 0 {
		r.Claim = was.revision
	}
	return r
}

// differ lists what is only in the later list, and what is only in the former one, each in
// the order of its list. A partition under another token is another one.
func differ(before, after []partition.Owned) (gained, lost []partition.Owned) {
	return lacks(after, before), lacks(before, after)
}

// lacks lists what the other list does not have.
func lacks(list, other []partition.Owned) (out []partition.Owned) {
	has := make(map[dose]bool, len(other))
	for _, o := range other {
		has[dose{o.ID, o.Token}] = true
	}
	for _, o := range list {
		if !has[dose{o.ID, o.Token}] {
			out = append(out, o)
		}
	}
	return out
}
