package bridge

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// troubles has, for each partition that does not work now, why.
type troubles struct {
	mu  sync.Mutex
	why map[partition.PartitionID]error
}

func (t *troubles) set(id partition.PartitionID, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.why == nil {
		t.why = map[partition.PartitionID]error{}
	}
	t.why[id] = err
}

func (t *troubles) clear(id partition.PartitionID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.why, id)
}

// join returns all of them in order, or nil.
func (t *troubles) join() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]error, 0, len(t.why))
	for _, id := range slices.Sorted(maps.Keys(t.why)) {
		all = append(all, fmt.Errorf("partition %s: %w", id, t.why[id]))
	}
	return errors.Join(all...)
}

// backoff is how long to wait before an attempt that follows so many failures: some
// time up to twice as long as before, so that many do not try again at once.
func backoff(failures uint64) time.Duration {
	most := longest(failures)
	return most/2 + rand.N(most/2)
}
