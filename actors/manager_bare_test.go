package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// What was dropped for a head that was lost may belong to the session by that head
// still, when the term is over that did so. It claims anew, so that others see it; what
// it is given until then is not taken.
func TestManager_WhoDroppedForALostHeadClaimsAnew(t *testing.T) {
	over, again := messages.LeadershipLost{Term: 4, Reason: "another worker leads"}, messages.LeadershipGained{Term: 5}
	bare, whole := first, first
	bare.Bare, bare.Change = 4, first.Change+1
	whole.Change = bare.Change + 1
	for name, c := range map[string]struct {
		mail []any
		anew bool
	}{
		"nothing was dropped":         {[]any{over}, false},
		"its term goes on":            {[]any{bare}, false},
		"its term ends":               {[]any{bare, over}, true},
		"it is told after its term":   {[]any{over, bare}, true},
		"it is told in the next term": {[]any{over, again, bare}, true},
		"it has an assignment since":  {[]any{bare, whole, over}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(leader...)
			session := f.snapshot().Session
			f.tell(f.below("holder-5"), messages.HoldFor{Worker: "worker-0", Session: session, Claim: 1, Round: f.life()})
			f.say(c.mail...)
			require.Equal(t, c.anew, session != f.snapshot().Session)
			require.Equal(t, c.anew, f.snapshot().State == claimingID)
			f.system.Root.RequestWithCustomSender(f.below("holder-5"), messages.GetHoldings{}, f.user.pid)
			f.drain()
			require.Equal(t, c.anew, heard[messages.Holdings](t, f.user).Session == "", "it takes nothing any more")
		})
	}
}

// The successor of who ends its session need not wait for its lead: that is released
// first. What it is given anew until then it keeps.
func TestManager_WhoDroppedForALostHeadReleasesItsLead(t *testing.T) {
	for name, anew := range map[string]bool{"nothing comes": true, "it is given something": false} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.outside.only = "election-7"
			f.say(opened, began)
			b := &ballot{play: f.play, outside: f.outside, election: f.below("election-7")}
			b.stand()
			b.accept(10, 4)
			bare, whole := first, first
			bare.Bare, whole.Change = 4, first.Change+1
			f.say(bare)
			f.outside.forget()
			session := f.snapshot().Session

			b.say(messages.TermFailed{Term: 4, Reason: "the head that was lost is there", Resign: true})
			require.True(t, f.outside.last(t).Writes[0].Record.(partition.Lead).Released)
			require.Equal(t, session, f.snapshot().Session)
			if !anew {
				f.say(whole)
			}
			b.accept(12)
			require.Equal(t, anew, session != f.snapshot().Session)
			runs := stage.Running(f.system, f.pid)
			require.NotContains(t, runs, f.below("election-7").Id)
			if !anew {
				require.Contains(t, runs, f.below("election-8").Id, "it may lead again")
			}
		})
	}
}

// Without an election there is no lead to release.
func TestManager_WhoDroppedForALostHeadAndHasNoElection(t *testing.T) {
	f := newFirm(t, nil)
	f.say(opened, began)
	session := f.snapshot().Session
	f.system.Root.Stop(f.below("election-7"))
	f.drain()
	bare := first
	bare.Bare = 4
	f.say(led, bare)
	require.NotEqual(t, session, f.snapshot().Session)
	require.Equal(t, claimingID, f.snapshot().State)
}
