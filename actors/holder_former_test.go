package actors

import (
	"testing"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A session that is over may have been interrupted before it said something: what comes then
// is not about the session after it, whether that works or its lease is in doubt.
func TestHolder_WhatAFormerSessionSaysLateIsIgnored(t *testing.T) {
	holdFor := func(session partition.SessionID, round partition.Round) messages.HoldFor {
		return messages.HoldFor{Worker: "worker-0", Session: session, LeaseEnd: time.Unix(20_000, 0), Round: round}
	}
	for name, late := range map[string]any{
		"HoldFor":      holdFor("former", 1),
		"HoldUntil":    messages.HoldUntil{LeaseEnd: time.Unix(5_000, 0)},
		"Suspend":      messages.Suspend{Deadline: time.Unix(20_000, 0)},
		"DropAll":      messages.DropAll{Reason: "the lease ended"},
		"DropHoldings": messages.DropHoldings{Session: "former", Term: 3},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, slowly)
			former := e.probe("former")
			say := func(by *probe, mail any) {
				e.system.Root.RequestWithCustomSender(e.pid, mail, by.pid)
				e.drain()
			}
			say(former, holdFor("former", 1))
			say(e.session, holdFor("present", 2))
			e.see(assignment("present", 6, "p@6"))
			e.did("p starts")
			say(former, late)
			e.did()
			e.see(assignment("present", 7, "p@6 q@7"))
			e.did("q starts")

			say(e.session, messages.Suspend{Deadline: e.end})
			e.did("p revoked", "q revoked")
			e.tell(e.workers["p@6"], "done")
			e.did("p ends")
			say(former, late)
			e.did()
			say(e.session, messages.HoldUntil{LeaseEnd: e.end, At: e.now})
			e.did("p starts")
			e.tell(e.workers["q@7"], "done")
			e.did("q ends", "q starts")

			e.tell(e.pid, messages.LetAllGo{Within: time.Second})
			e.did("p revoked", "q revoked")
			say(former, late)
			e.did()
		})
	}
}
