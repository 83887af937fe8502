// Package fsm runs actors that are tables: rows of state, handler and next
// states. The message of a row is read from its handler's signature, so that a
// table is checked by the compiler, listed by a reader and drawn by a program.
//
// The same table is run (Receive), searched for holes (Holes) and drawn
// (Mermaid). It is for this module; its API may change without notice.
//
// # Ordering
//
// A table handles one message at a time, in the order of the actor's mailbox.
//
// # Failure
//
// A handler that returns a state outside its row's next states panics, with
// state, message and row. Two rows about one message in one state panic when the
// program starts. A message type of which the table knows nothing goes to the
// dead letters of the system, where it can be seen.
//
// # Limits
//
// One level of states. A machine that wants a second one wants to be two actors.
package fsm
