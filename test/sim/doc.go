// Package sim is a world in which actors run deterministically: one goroutine,
// mailboxes stepped one message at a time in an order that a seed decides,
// virtual time, and a simulated store with a network in between that loses,
// delays, doubles and reorders. The actors in it are those of production.
//
// New is for tests of your own actors, strategies, sources and partition actors: a
// Rehearsal is an actor system in which the test delivers the mail and lets time pass,
// and sees who said what to whom. It needs no server, and no time:
//
//	r := sim.New(t, 1)
//	till := r.Spawn("till", actor.PropsFromProducer(func() actor.Actor { return &till{} }))
//	customer := r.Probe("customer")
//	customer.Send(till, Buy{"bread"})
//	r.Run()
//	customer.ExpectExactly(Sold{"bread"})
//
// examples/testing is a whole one.
//
// Replay makes the decisions again of leaders whose Settings.Record is set: what happened
// to a group can be looked at in a test, without its store.
//
// Three parts can be used alone: a Scheduler with a Timeline steps any actors
// whose Props went through stage.Under; a Clock is the bridge.Clock of one
// process; a Net over a Store gives each process its bridge.Port. A World joins
// them: processes with a PartitionManager each, users who listen to them, faults,
// a trace that people can read, and invariants that are checked as it happens.
//
// # Goroutines
//
// Handlers must not start goroutines that send mail. What proto.Actor does by the real
// clock is such mail: receive timeouts, its scheduler, a future that times out and is piped
// or continues an actor. A future's Result blocks the test: ask with a Probe.
//
//   - A Scheduler checks each message that is posted to an actor that was spawned under it,
//     with stage.Under, whichever way it comes and whatever waits already: through a context,
//     past all middleware, or of proto.Actor itself, such as a stop. What another goroutine
//     sends is not delivered, and the next Step panics.
//   - A rehearsal fails its test instead, at its next step or, if there is none, at the end.
//     It checks dead letters, too, but for those of proto.Actor itself.
//   - A World checks one message in 1,024, for speed, and takes the others for its own: such
//     a life is none that its seed repeats. If it finds one, Run panics.
//
// The failure says who sent what to whom, and shows the stack of the goroutine. It says
// "somebody" of mail that names nobody to be answered, if it went past System.Root and the
// contexts of a rehearsal's actors, or if there is no rehearsal.
//
// # Ordering
//
// Everything happens on the goroutine that made the world or the rehearsal. The same
// seed gives the same order, the same instants and the same trace. Two messages that could
// be delivered in either order are delivered in an order that the seed picks.
//
// # Failure
//
// The store never loses what it accepted, except with Restart of a stream in
// memory or Delete; the network may do anything else. A violated invariant is
// kept, with the end of the trace, until somebody asks for it: World.Broken. A
// rehearsal fails its test, which shows the seed and the end of the trace.
//
// # Limits
//
// The store does what package contract says that servers do. It has no roll-up, no
// purge, no deletion of single messages and no expiry of one message: a bridge.Port
// cannot ask for them, and the bridge binds to no stream that allows them. Permissions
// are those of Port.Deny: kinds of things that a connection may not do.
// A machine that is suspended breaks what is assumed of clocks. What its process works on,
// and begins until the store has accepted what it sent since, counts as nobody's: that its
// tokens are refused where effects arrive is for a test to show.
// Batches reach the store as a whole; that one cannot be staged before a takeover and
// committed after it is shown on a real server.
//
// A handler that blocks would stop the world, so a stuck handler is one that does
// not stop when it is told to. A rehearsal keeps all that was said, and checks the
// goroutine of each message, which costs more than most messages do. One world holds
// some tens of processes.
package sim
