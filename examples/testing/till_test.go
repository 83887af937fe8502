package testing

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/test/sim"
)

func open(t *testing.T, seed uint64) (r *sim.Rehearsal, pid *actor.PID, bank *sim.Probe) {
	r = sim.New(t, seed)
	bank = r.Probe("bank")
	return r, r.Spawn("till", actor.PropsFromProducer(func() actor.Actor {
		return &till{clock: r.Clock(), every: time.Hour, bank: bank.PID}
	})), bank
}

func TestTillBanksEveryHour(t *testing.T) {
	r, till, bank := open(t, 1)
	r.System.Root.Send(till, sale{100})
	r.System.Root.Send(till, sale{20})
	r.RunFor(time.Hour - 1)
	bank.ExpectExactly() // not yet
	r.Advance()          // to the next reminder
	r.Run()
	bank.ExpectExactly(banked{120})
}

// The hour may be over at the moment when the partition is taken away.
func TestTillBanksOnce(t *testing.T) {
	for seed := range uint64(10) { // each is an order of what can be in either
		r, till, bank := open(t, seed)
		buyer := r.Probe("buyer")
		buyer.Send(till, sale{100})
		r.Advance() // the reminder is in the mailbox
		buyer.Send(till, messages.Revoke{})
		r.Run()
		r.Expect(sim.Mail{From: "buyer", To: "till"}, sim.Mail{From: "till", To: "bank"})
		bank.ExpectExactly(banked{100})
	}
}
