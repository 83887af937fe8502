package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A session that is over may have been interrupted before it said something: what comes then
// is not about the session after it, whether that works or its lease is in doubt, nor does
// it end what lets go at the end.
func TestHolder_WhatAFormerSessionSaysLateIsIgnored(t *testing.T) {
	for name, late := range map[string]any{
		"HoldFor":      messages.HoldFor{Worker: "worker-0", Session: "former", LeaseEnd: time.Unix(20_000, 0), Round: 1},
		"HoldUntil":    messages.HoldUntil{LeaseEnd: time.Unix(5_000, 0), Round: 1},
		"Suspend":      messages.Suspend{Deadline: time.Unix(5_000, 0), Round: 1},
		"DropAll":      messages.DropAll{Reason: "the lease ended", Round: 1},
		"DropHoldings": messages.DropHoldings{Session: "former", Term: 3},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, slowly)
			e.hold("present")
			e.see(assignment("present", 6, "p@6"))
			e.did("p starts")
			e.tell(e.pid, late)
			e.did()
			e.see(assignment("present", 7, "p@6 q@7"))
			e.did("q starts")

			e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
			e.did("p revoked", "q revoked")
			e.tell(e.workers["p@6"], "done")
			e.did("p ends")
			e.tell(e.pid, late)
			e.did()
			e.renew()
			e.did("p starts")
			e.tell(e.workers["q@7"], "done")
			e.did("q ends", "q starts")

			e.see(assignment("present", 8, "p@6"))
			e.did("q revoked")
			e.tell(e.pid, messages.LetAllGo{Within: time.Second})
			e.did("p revoked", "q revoked")
			e.tell(e.pid, late)
			e.did()
			e.see(assignment("present", 9, ""))
			require.Equal(t, partition.Step(9), e.applied().Step, "the lease goes on")
		})
	}
}

// A session that is over is not followed, whether a later one has held since, or it was ended
// before it said that it began: nobody would tell of its end any more.
func TestHolder_FollowsNoSessionThatIsOver(t *testing.T) {
	drop := func(life partition.Round) any { return messages.DropAll{Round: life} }
	later := messages.HoldFor{Worker: "worker-0", Session: "later", Round: 3}
	for name, before := range map[string][]any{
		"a later one held, too":      {later, drop(3)},
		"it ended before it held":    {drop(1), drop(2)},
		"it ended while one held on": {drop(2)},
		"an earlier one ended late":  {drop(2), drop(1)},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, slowly)
			for _, mail := range before {
				e.tell(e.pid, mail)
			}
			e.tell(e.pid, messages.HoldFor{Worker: "worker-0", Session: "over", LeaseEnd: e.end, Round: 2})
			e.see(assignment("over", 6, "p@6"))
			e.did()
			e.life = 3
			e.hold("next")
			e.see(assignment("next", 7, "p@7"))
			e.did("p starts")
		})
	}
}

func TestManager_SaysWhichSessionIsOver(t *testing.T) {
	lost := messages.StoreLost{Reason: "the stream is gone"}
	for name, c := range map[string]struct {
		mail  []any
		holds partition.SessionID
	}{
		"its session": {[]any{opened, lost}, ""},
		"none":        {[]any{opened}, "it"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(c.mail...)
			f.tell(f.below("holder-5"), messages.HoldFor{Worker: "worker-0", Session: "it", Round: 5})
			f.system.Root.RequestWithCustomSender(f.below("holder-5"), messages.GetHoldings{}, f.user.pid)
			f.drain()
			require.Equal(t, c.holds, heard[messages.Holdings](t, f.user).Session)
		})
	}
}
