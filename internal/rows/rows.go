// Package rows shows the test of the plays which rows of the holder's table they take.
package rows

import "github.com/asynkron/protoactor-go/actor"

// Package actors sets both.
var (
	// Holder lists the rows, each as its state and its message.
	Holder func() []string
	// Of is the row that an actor is about to take with a message, empty if it is not a
	// holder or ignores the message. It is asked where the message is delivered.
	Of func(a actor.Actor, message any) string
)

// Taken is called by the simulator with each row that a holder takes, unless it is nil. It
// is set while no world lives.
var Taken func(row string)
