package actors

import (
	"maps"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// sights are what a candidate saw of the workers before it leads. Silence counts
// from a first sight, so that whoever crashed together with the leader, and the
// leader itself, need not be waited for a second time when the lead was taken.
type sights struct {
	seen     partition.Roster
	followed partition.WorkerID // whose record is watched: the leader's
}

// follow watches the record of the worker that leads, while this one is a
// candidate.
func (e *election) follow(ctx actor.Context) {
	leader := e.known.Leader()
	if !e.watch || leader == e.worker {
		leader = ""
	}
	if leader == e.followed {
		return
	}
	if e.followed != "" {
		ctx.Request(e.outside, messages.Unwatch{Key: messages.KeyLive(e.followed)})
	}
	e.followed = leader
	if leader != "" {
		ctx.Request(e.outside, messages.Watch{Key: messages.KeyLive(leader)})
	}
}

// missAt arms one look at everybody for when the next renewal is overdue. It costs
// nothing while the leader renews.
func (e *election) missAt(ctx actor.Context) {
	after := e.settings.LeadRenewal() * 3 / 2
	ctx.Request(e.outside, messages.Remind{From: e.known.At, After: after, Mail: missDue{e.known.Revision}})
}

// missed: who falls silent together with the leader does so about now. In a group
// that has just begun everybody is a candidate: not all of them look at all.
func (e *election) missed(ctx actor.Context, m missDue) electionState {
	if m.Revision == e.known.Revision && e.watch && e.seated && !e.known.Free() {
		e.readKeys(ctx, messages.AllLive)
	}
	return watching
}

// met notes the workers' records, which a term can begin with.
func (e *election) met(_ actor.Context, m messages.ReadDone) electionState {
	if m.Round == e.round {
		for _, entry := range m.Entries {
			e.meet(entry, m.At)
		}
	}
	return watching
}

func (e *election) meet(entry messages.Entry, at time.Time) {
	live, ok := liveOf(entry)
	if !ok {
		return
	}
	w := partition.WorkerID(entry.Key[len("live."):])
	if next, newer := e.seen[w].See(w, live, entry.Revision, at); newer {
		next.Stamp = entry.Time
		e.seen[w] = next
	}
}

// forget drops all sights but that of the leader: it renewed after all.
func (e *election) forget() {
	maps.DeleteFunc(e.seen, func(w partition.WorkerID, _ partition.Witness) bool { return w != e.followed })
}
