package actors

import (
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Nobody waits to be told when the lease is in doubt, nor is told twice.
//
// hazard 50
func TestHolder_InDoubtAllAreTold(t *testing.T) {
	const many = 2 * maxStopping
	e := newEstate(t, slowly)
	e.loses(many)
	e.see(assignment("mine", 7, "r@7"))
	e.done(0, 1)
	e.log = nil
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	require.Equal(t, e.end, e.deadline)
	require.Len(t, e.log, many, "r, and all that drain: those that were told before have less time")
	e.log = nil
	e.late()
	require.Empty(t, e.log)

	// What has less time than the lease is told its own.
	e = newEstate(t, slowly)
	e.end = e.now.Add(time.Hour)
	e.tell(e.pid, messages.HoldUntil{LeaseEnd: e.end, At: e.now, Round: e.life})
	e.loses(many)
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	require.Equal(t, many, e.told())
	require.Equal(t, e.now.Add(e.settings.RevokeTimeout), e.deadline)

	// What is fenced later is not held up by what still stops from before.
	e.see(assignment("mine", 7, "r@7"))
	e.renew()
	e.see(assignment("mine", 8, ""))
	require.Contains(t, e.log, "r revoked")
}

// When all is dropped, nobody waits; what is stuck does not count in the next session.
func TestHolder_WhatIsDroppedDoesNotWaitToBeTold(t *testing.T) {
	const many = 2 * maxStopping
	ends := map[string]any{
		"the lease is over":  messages.DropAll{Round: 1},
		"the head is lost":   messages.DropHoldings{Round: 1, Session: "mine", Term: 6},
		"a session replaced": messages.HoldFor{Worker: "worker-0", Session: "mine", Round: 1},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, slowly)
			e.loses(many)
			e.done(0, 1)
			e.log = nil
			e.system.Root.RequestWithCustomSender(e.pid, end, e.session.pid)
			e.drain()
			require.Len(t, e.log, many-1)
			require.NotContains(t, fmt.Sprint(e.log), "revoked")
			session := partition.SessionID("mine")
			if name != "the head is lost" {
				session = "next"
				e.hold(session)
			}
			e.applied()
			e.confirms()
			a := crowd(maxStopping + 1)
			a.Session, a.Step = session, 8
			e.see(a)
			e.log = nil
			e.see(assignment(session, 9, ""))
			require.Equal(t, maxStopping, e.told())
		})
	}
}

// What is stuck since a lease that is over, or under a head that was lost, takes nobody's turn.
func TestHolder_WhatIsStuckFromBeforeDoesNotCount(t *testing.T) {
	deaf := actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			if _, ended := e.Message.(*actor.Terminated); !ended {
				next(c, e)
			}
		}
	})
	for session, end := range map[partition.SessionID]any{
		"mine": messages.DropHoldings{Round: 1, Session: "mine", Term: 6},
		"next": messages.DropAll{Round: 1},
	} {
		e := newEstate(t, nil)
		cfg := holderConfig{settings: e.settings, outside: e.outside.pid, props: slowly(e)}
		e.pid = e.child(holderProps(cfg).Configure(deaf), "holder-2")
		e.hold("mine")
		e.loses(2 * maxStopping)
		e.system.Root.RequestWithCustomSender(e.pid, end, e.session.pid)
		e.drain()
		if session != "mine" {
			e.hold(session)
		}
		e.see(assignment(session, 8, "r@8"))
		e.log = nil
		e.see(assignment(session, 9, ""))
		e.did("r revoked")
	}
}
