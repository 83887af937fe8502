// Package bridge is the door to the outside: the store, the clock, and plain Go.
//
// Over and NATS make the outside of a PartitionManager, one actor that turns
// messages.Store, Read, Watch and Remind into operations of a Port and a Clock,
// and their outcomes into mail. A Port knows only raw input and output; opening
// the stream, deadlines, retries of watches, splitting of large records and
// judging answers are in the actor, so that a simulated port exercises them too.
//
// # The stream
//
// One stream per group, KV_<group>, with one list of subjects:
// $KV.<group>.<incarnation>.>. The incarnation is random and decides who created
// the stream: after a stream was deleted and made anew, every write of the former
// one finds no stream. Atomic publish is on; roll-up, purge and deletion are off,
// so that nobody who may write one record can wipe the others. It names how many
// consumers it may have, because a server gives a thousand to one that does not, and
// each worker has up to four while a group begins. Where an account has a limit of its
// own, that one counts.
//
// # Work
//
// HandlerFunc makes partition actors of a function, Subscribe of subscriptions and
// Consume of consumers: each works on its partition on a goroutine of its own. Messages
// go from the connection to the handler, and pass no mailbox.
//
// # Ordering
//
// Answers go to whoever asked. A watch reports the newest record of a key, never
// an older one after a newer; between two reports older ones may be left out. The
// messages of a partition are handled one after the other.
//
// # Failure
//
// An operation without an answer within StoreTimeout has an unknown outcome,
// which is a message of its own. A watch that ended, or fell silent, is begun
// again and reports everything anew. A read of a record by its name is answered by the
// stream's leader, part by part; one of a filter is the first pass of a watch, and as old
// as the replica of the stream on which that lies. A denial is final and told as such. A
// watch that is stopped before the server has answered that it is there listens on until
// then, for a second at most, also after the worker has stopped. A stream that is known to
// have gone back to an older copy is marked, so that those who do not know it lead in it
// no more; it is never opened again.
//
// # Limits
//
// MaxInFlight writes are under way at a time and MaxQueued wait; more are
// rejected. Of reads, MaxInFlight are under way, and more fail. Only the records
// head and asg go in parts, of 512 KiB; any other above that is rejected. A batch
// has at most MaxBatch messages.
//
// An assignment of more than 1 KiB costs what has changed of it since its leader wrote
// all of it, which it does again when that is more than a quarter.
package bridge
