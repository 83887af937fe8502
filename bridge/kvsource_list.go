package bridge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func (k *kvSource) key(s Sight) kvKey {
	name := strings.TrimPrefix(s.Subject, k.prefix())
	out := kvKey{sequence: s.Sequence, gone: s.Data == nil}
	if !out.gone {
		where := fmt.Sprintf("key %s at revision %d", name, s.Sequence)
		out.is, out.fault = readPartition(where, s.Data, strings.Split(name, "."))
	}
	return out
}

// list returns the partitions in the order of their keys.
func (k *kvSource) list() ([]partition.Partition, error) {
	list, faults := []partition.Partition{}, []string{}
	for _, subject := range slices.Sorted(maps.Keys(k.keys)) {
		switch key := k.keys[subject]; {
		case key.gone:
		case key.fault != nil:
			faults = append(faults, key.fault.Error())
		default:
			list = append(list, key.is)
		}
	}
	if n := len(faults); n > mostFaults {
		faults = append(faults[:mostFaults], fmt.Sprintf("and %d more faults", n-mostFaults))
	}
	if len(faults) > 0 {
		return list, errors.New(strings.Join(faults, "; "))
	}
	return list, nil
}

// answer answers the questions that are older than a look. For the others it looks
// again.
func (k *kvSource) answer(look uint64) {
	if len(k.asked) == 0 {
		return
	}
	list, err := k.list()
	if err != nil {
		k.fail(err.Error())
		return
	}
	k.asked = slices.DeleteFunc(k.asked, func(q kvAsk) bool {
		if q.look > look {
			return false
		}
		k.reply(q.from, messages.PartitionsListed{Round: q.round, Partitions: list})
		return true
	})
	if len(k.asked) > 0 {
		k.look()
	}
}

// fail tells everybody who asked why there is no list.
func (k *kvSource) fail(reason string) {
	for _, q := range k.asked {
		k.reply(q.from, messages.ListingFailed{Round: q.round, Reason: reason})
	}
	k.asked = nil
}
