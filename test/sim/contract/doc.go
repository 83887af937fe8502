// Package contract holds what Troupe believes about NATS JetStream, each belief
// stated once, over bridge.Port, and run against the simulated store, a real
// server and a real cluster of three. The numbers are those of test/shape: the
// function contractN4… shows fact 4.
//
// A Host is the server under test, with what can happen to it: a node is cut off
// from the others or from its clients, stopped, restarted with its store or
// without, the leader of the stream steps down, the stream is deleted. Whoever
// has one runs all Cases that fit it, and Random, which nobody thought of beforehand.
//
// # Ordering
//
// A case runs on one goroutine, and so do the callbacks of its ports, within
// Host.Until. Nothing depends on how long anything takes.
//
// # Failure
//
// A belief that does not hold fails the case. The simulation may be worse than a
// real server, never better: what a real server was seen to do, the simulated one
// does too, when its faults are on.
//
// # Limits
//
// What a Port cannot ask for has no case here: roll-up, purge and expiry of single
// messages (N7, N12). The tests of bridge show on one server and on three that nobody
// can have them; the simulated store has no such operations. Nor has what the bridge
// does by itself, above the port: how long it waits before it watches again (N17).
package contract
