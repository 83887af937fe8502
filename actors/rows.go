package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
)

// HolderRows lists the rows of the holder's table, each as its state and its message, for
// the test that each of them is taken by a play.
func HolderRows() []string { return holderTable.Rows() }

// HolderRow is the row that an actor is about to take with a message, empty if it is not a
// holder or ignores the message. It is asked where the message is delivered.
func HolderRow(a actor.Actor, message any) string {
	if h, is := stage.Inside(a).(*holder); is {
		return holderTable.Row(h.state, message)
	}
	return ""
}
