package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Whether the session may have been given more than it took is told: who drops something,
// or does not take what comes, says so until a later assignment has been applied.
func TestHolder_SaysWhetherItIsBare(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []partition.Assignment
		waits         bool
		bare          partition.Revision
		silent        bool
	}{
		"it had nothing":                {silent: true},
		"it had something":              {before: []partition.Assignment{assignment("mine", 5, "p@5")}, bare: 20},
		"something waited":              {before: []partition.Assignment{assignment("mine", 5, "")}, waits: true, bare: 20},
		"something of before comes":     {after: []partition.Assignment{assignment("mine", 7, "q@7")}, bare: 20},
		"something of this term comes":  {after: []partition.Assignment{assignment("mine", 22, "q@22")}, bare: 20},
		"something of later comes":      {before: []partition.Assignment{assignment("mine", 5, "p@5")}, after: []partition.Assignment{assignment("mine", 23, "p@5")}},
		"another session's is no news":  {after: []partition.Assignment{assignment("other", 7, "q@7")}, silent: true},
		"an older one comes once again": {before: []partition.Assignment{assignment("mine", 5, "")}, after: []partition.Assignment{assignment("mine", 5, "")}, silent: true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, nil)
			for _, m := range c.before {
				e.see(m)
			}
			if c.waits {
				e.now = e.end
				e.see(assignment("mine", 6, "p@6"))
			}
			e.parent.forget()
			e.system.Root.RequestWithCustomSender(e.pid, messages.DropHoldings{Round: 1, Session: "mine", Term: 20, Step: 22}, e.probe("publisher").pid)
			e.drain()
			for _, m := range c.after {
				e.see(m)
			}
			if c.silent {
				unheard[messages.AssignmentApplied](t, e.parent)
				return
			}
			require.Equal(t, c.bare, e.applied().Bare)
			e.hold("next")
			e.parent.forget()
			e.see(assignment("next", 8, "p@8")) // what was dropped was another session's
			m := e.applied()
			require.Zero(t, m.Bare)
			require.Equal(t, []partition.Owned{{ID: "p", Token: 8}}, m.All)
		})
	}
}

// Each step is published once: of two assignments of one step the store lost one, and the
// leader that wrote the other takes that for applied.
//
// hazard 60
func TestHolder_TwoAssignmentsOfOneStepEndTheSession(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	e.see(assignment("another", 5, "q@5"))
	e.applied()
	e.see(assignment("mine", 5, "p@5 q@5"))
	unheard[messages.SessionLost](t, e.parent)
	e.see(assignment("mine", 5, "q@5"))
	lost := heard[messages.SessionLost](t, e.parent)
	require.Equal(t, messages.SessionLost{Session: "mine", Reason: "there are two assignments of step 5: the store lost writes", At: e.now}, lost)
	require.Empty(t, e.applied().All)
	e.parent.forget()
	e.see(assignment("mine", 6, "q@5"))
	unheard[messages.AssignmentApplied](t, e.parent)
}
