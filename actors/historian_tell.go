package actors

import (
	"cmp"
	"slices"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// history are the records of a journal, the newest first. A place may have one that is
// older or newer than asked for: nobody published that step, or there is a later one.
func history(reason string, found []messages.Entry) messages.Journal {
	j := messages.Journal{Reason: reason}
	for _, e := range found {
		if r, ok := e.Record.(partition.Journal); ok {
			j.Records = append(j.Records, r)
		} else if e.Fault != "" {
			j.Faults = append(j.Faults, e.Fault)
		}
	}
	slices.SortFunc(j.Records, func(a, b partition.Journal) int { return cmp.Compare(b.Step, a.Step) })
	return j
}

// answerTo is what to say: the reason why nothing can be told, or what was found.
func answerTo(q messages.Inquiry, reason string, account partition.Account, journal []messages.Entry) any {
	if asked, why := q.Question.(messages.Why); why {
		return becauseOf(q, asked.Partition, reason, account, journal)
	}
	return history(reason, journal)
}

// becauseOf is the account of a partition, with what a leader knows beyond it.
func becauseOf(q messages.Inquiry, id partition.PartitionID, reason string, account partition.Account, journal []messages.Entry) messages.Because {
	b := messages.Because{Leader: q.Leader, Leading: q.Leading, Reason: reason}
	if reason != "" {
		b.Partition = id
		return b
	}
	b.Account = account
	for _, e := range journal {
		r, _ := e.Record.(partition.Journal)
		b.Cite(r)
	}
	unowned := b.Owner == "" && !b.Gone
	say := func(what string) { b.Waits = append(b.Waits, what) }
	switch {
	case unowned && slices.Contains(q.Unplaced, id):
		say("no member may have it: nobody who takes part has its labels, is in its zone or is the worker that it is pinned to")
	case (unowned || len(b.Waits) > 0) && !q.Leading && q.Leader == "":
		say("nobody leads, as far as this worker knows")
	case unowned && !q.Leading:
		say("only the leader, " + string(q.Leader) + ", knows whether somebody may have it")
	}
	if q.Waits != "" {
		say(q.Waits)
	}
	return b
}
