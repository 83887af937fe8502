package shape

import (
	"fmt"
	"go/ast"
	"slices"
)

// trap is something that proto.Actor does otherwise than one expects, and what shows
// that it is met: tests, by name, or bans.
type trap struct {
	what  string
	tests []string
	bans  []string
}

var traps = []trap{
	{"one scheduled run drains hundreds of messages", []string{"TestMailbox_OneMessageATurn"}, nil},
	{"children inherit neither mailbox nor dispatcher", []string{"TestUnder_ReachesTheChildrenOfForeignActors", "TestRooted_ReachesTheChildrenOfForeignActors"}, nil},
	{"a message that is nil spins the mailbox for ever", []string{"TestMailbox_NilSaysNothing"}, nil},
	{"mail that is queued at a stop vanishes", []string{"TestMailbox_WhatIsLeftAtStopIsDead", "TestMailbox_WhatAPanicLeftAtStopIsDead"}, nil},
	{"mail arrives after Stopping", []string{"TestMailbox_NothingIsHeardWhileChildrenEnd"}, nil},
	{"a panic in Stopping cancels the stop", []string{"TestProps_APanicInStoppingCancelsNothing", "TestUnder_APanicInStoppingCancelsNothing"}, nil},
	{"a third actor that stops one that panics gets a zombie", []string{"TestMailbox_ARestartAfterAStopRevivesNothing"}, nil},
	{"a child that is watched is told of twice", []string{"TestProps_AChildThatPanicsIsToldOnce"}, []string{"a watch of an actor"}},
	{"who replaces its children while it stops never ends", []string{"TestMailbox_NobodyIsReplacedByWhatStops"}, nil},
	{"a name clash still runs the producer, and names carry no incarnation", []string{"TestSpawn_ANameIsUsedOnce"}, nil},
	{"futures, timeouts and reentry use real timers, and overtake mail", nil, []string{"a real-time helper of protoactor", "a supervisor of protoactor"}},
	{"stashed mail comes back in reverse, and only after a restart", nil, []string{"a real-time helper of protoactor"}},
	{"what is escalated to a guardian ends the process", nil, []string{"a guardian", "a bounded mailbox, escalation or back-off of protoactor"}},
	{"Shutdown stops no actor, and panics the second time", []string{"TestStopTree_ThenShutdown"}, []string{"a shutdown of the actor system"}},
	{"a Stop cannot be turned into a message, a PoisonPill can", []string{"TestOnPoison_BecomesAMessage"}, nil},
	{"an actor that panics is started again with empty state", []string{"TestProps_APanicStops", "TestProps_ARestartIsAStop"}, nil},
	{"the stop of what is stuck never returns", []string{"TestStopTree_NamesWhatIsStuck"}, nil},
	{"who watches what is stopping is told at once that it has ended", []string{"TestStopTree_WaitsForWhatStopsAlready"}, nil},
	{"a closure keeps its state over a restart", nil, []string{"Props of a function"}},
	{"a bounded mailbox makes its senders spin", nil, []string{"a bounded mailbox, escalation or back-off of protoactor"}},
	{"an actor system takes long to make", []string{"TestALifeRepeatsItself"}, nil}, // one after the other in one system
	{"subscribers of the event stream run on the publisher's goroutine", nil, []string{"the event stream"}},
	{"the default logger prints a line for each system", nil, []string{"an actor system without a logger"}},
}

// untold finds traps whose tests or bans do not exist.
func untold(files []*file, traps []trap, bans []ban) []string {
	known := map[string]bool{}
	for _, f := range files {
		for _, decl := range f.tree.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && f.test() {
				known[fn.Name.Name] = true
			}
		}
	}
	var found []string
	for _, t := range traps {
		if len(t.tests)+len(t.bans) == 0 {
			found = append(found, fmt.Sprintf("%q: nothing shows that it is met", t.what))
		}
		for _, name := range t.tests {
			if !known[name] {
				found = append(found, fmt.Sprintf("%q: there is no %s", t.what, name))
			}
		}
		for _, name := range t.bans {
			if !slices.ContainsFunc(bans, func(b ban) bool { return b.name == name }) {
				found = append(found, fmt.Sprintf("%q: nothing bans %s", t.what, name))
			}
		}
	}
	return found
}
