// Package stage is where actors are made, spawned and stopped: the one place that
// builds Props and owns the mailbox. It is all that Troupe uses of proto.Actor
// besides sending and receiving, so that what proto.Actor does differently from
// what one expects is met here, once. Each such trap has a test, or a ban: the list is
// in test/shape/traps.go.
//
// # Ordering
//
// Mail of one sender arrives in the order it was sent; messages of the actor
// system (started, stop, terminated) overtake it. One scheduled run handles at
// most the dispatcher's throughput, 300 in production and 1 under a stepper.
//
// # Failure
//
// An actor of ours that panics stops, wherever it was spawned: it never goes on
// with empty state, and its parent hears of it and decides. A child that a user
// gave us stops too; the children of a user's actor are that actor's affair.
//
// # Limits
//
// Mailboxes are unbounded: a bounded one would make senders wait, and two actors
// that wait for each other wait for ever. Who sends is limited instead.
package stage
