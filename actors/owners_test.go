package actors

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// registry is the owners actor among probes.
type registry struct {
	*play
	outside, user *probe
	pid           *actor.PID
}

func newRegistry(t *testing.T) *registry {
	p := &registry{play: newPlay(t)}
	p.outside, p.user = p.probe("outside"), p.probe("user")
	p.pid = p.child(ownersProps(p.outside.pid), "owners-1")
	return p
}

func (p *registry) ask(id partition.PartitionID) {
	p.system.Root.RequestWithCustomSender(p.pid, messages.GetOwner{Partition: id}, p.user.pid)
	p.drain()
}

// answer gives what is stored for the keys that were read.
func (p *registry) answer(head partition.Revision, h any, asg map[partition.WorkerID]partition.Assignment) []messages.Key {
	p.t.Helper()
	q := heard[messages.Read](p.t, p.outside)
	m := messages.ReadDone{Round: q.Round, At: p.now, Entries: []messages.Entry{{Key: messages.KeyHead, Revision: head, Record: h}}}
	if len(q.Keys) > 1 {
		for w, a := range asg {
			m.Entries = append(m.Entries, messages.Entry{Key: messages.KeyAssignment(w), Revision: 1, Record: a})
		}
	}
	p.tell(p.pid, m)
	return q.Keys
}

// settledGroup is a group in which worker-0 owns p under token 3, and q is free.
func settledGroup() (partition.Head, map[partition.WorkerID]partition.Assignment) {
	a := assignment("s0", 3, "p@3")
	seat := partition.Seat{Worker: "worker-0", Session: "s0", Step: 3, Digest: a.Digest()}
	return partition.Head{Step: 3, Seats: []partition.Seat{seat}, Unowned: []partition.Unowned{{Partition: "q", Entered: 2}}},
		map[partition.WorkerID]partition.Assignment{"worker-0": a}
}

func TestOwners(t *testing.T) {
	p := newRegistry(t)
	h, asg := settledGroup()
	p.ask("p")
	p.ask("q")
	p.ask("x")
	require.Len(t, p.answer(9, h, asg), 1, "first only the head")
	require.Len(t, p.answer(9, h, asg), 2)
	require.Equal(t, messages.Owner{Partition: "p", Worker: "worker-0", Token: 3}, heard[messages.Owner](t, p.user))
	require.Equal(t, messages.Owner{Partition: "q", Entered: 2, Reason: "nobody owns it"}, heard[messages.Owner](t, p.user))
	require.Equal(t, messages.Owner{Partition: "x", Gone: true, Reason: "nobody owns it"}, heard[messages.Owner](t, p.user))

	p.ask("p")
	p.answer(9, h, nil) // the head is the same: nothing else is read
	require.Equal(t, partition.Token(3), heard[messages.Owner](t, p.user).Token)

	p.ask("p")
	p.answer(10, h, asg)
	p.answer(10, h, asg)
	heard[messages.Owner](t, p.user)

	p.tell(p.pid, forgetTable{}) // another stream may have another head 10
	p.ask("p")
	p.answer(10, h, asg)
	unheard[messages.Owner](t, p.user)
	p.tell(p.pid, forgetTable{})
	p.tell(p.pid, messages.ReadDone{Round: 1}) // late
	heard[messages.Read](t, p.outside)         // that of the forgotten one
	p.answer(10, h, asg)
	p.answer(10, h, asg)
	heard[messages.Owner](t, p.user)
}

func TestOwners_CannotFindOut(t *testing.T) {
	t.Run("no head", func(t *testing.T) {
		p := newRegistry(t)
		p.ask("p")
		p.answer(0, nil, nil)
		p.answer(0, nil, nil)
		require.Contains(t, heard[messages.Owner](t, p.user).Reason, "nothing is assigned")
	})
	t.Run("no answer", func(t *testing.T) {
		p := newRegistry(t)
		p.ask("p")
		p.tell(p.pid, messages.ReadFailed{Round: heard[messages.Read](t, p.outside).Round, Reason: "nobody home"})
		require.Equal(t, "nobody home", heard[messages.Owner](t, p.user).Reason)
	})
	t.Run("assignments that do not match the head", func(t *testing.T) {
		p := newRegistry(t)
		h, _ := settledGroup()
		p.ask("p")
		p.answer(9, h, nil)
		p.answer(9, h, nil)
		for range maxTableReads - 1 {
			unheard[messages.Owner](t, p.user)
			p.tell(p.pid, remindOf[ownersDue](t, p.outside).Mail)
			p.answer(9, h, nil)
		}
		require.Contains(t, heard[messages.Owner](t, p.user).Reason, "assignment of worker-0")
		unheard[messages.Read](t, p.outside)
	})
	t.Run("too many questions", func(t *testing.T) {
		p := newRegistry(t)
		for range maxAsked + 1 {
			p.system.Root.RequestWithCustomSender(p.pid, messages.GetOwner{Partition: "p"}, p.user.pid)
		}
		p.drain()
		require.Contains(t, heard[messages.Owner](t, p.user).Reason, "too many")
		unheard[messages.Owner](t, p.user)
	})
}
