package stage

import (
	"strings"

	"github.com/asynkron/protoactor-go/actor"
)

// Failed is what the event stream of an actor system hears when an actor under one of
// ours has panicked and is stopped.
type Failed struct{ Actor string }

func failed(system *actor.ActorSystem, pid *actor.PID) { system.EventStream.Publish(Failed{pid.Id}) }

// census asks a mailbox, which answers where it is asked.
type census struct{ waiting int }

// Waiting tells, for an actor of ours and for all below it, how much mail waits. It goes
// through all actors of the system: it is for whoever looks now and then.
func Waiting(system *actor.ActorSystem, root *actor.PID, each func(id string, waiting int)) {
	for _, some := range system.ProcessRegistry.LocalPIDs.LocalPIDs {
		some.IterCb(func(id string, process any) {
			below, ours := strings.CutPrefix(id, root.Id)
			one, is := process.(*actor.ActorProcess)
			if ours && is && (below == "" || below[0] == '/') {
				c := &census{}
				one.SendSystemMessage(nil, c)
				each(id, c.waiting)
			}
		})
	}
}
