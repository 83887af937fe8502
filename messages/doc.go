// Package messages holds what the actors of one process say to each other and to
// their users. Each file is one conversation, drawn at its top.
//
// A command is imperative and asks; an event is in the past tense and reports; an
// answer repeats the Round of its question. Messages are values that nobody
// changes after sending: their slices and maps are read-only for everybody.
//
// Only user.go, journal.go, counts.go and planning.go (for authors of strategies and
// sources) are meant for users; everything else is spoken between Troupe's own actors.
//
// # Ordering
//
// Mail from one actor to another arrives in the order it was sent. Nothing is
// promised between two senders: what leaves a leadership carries its term, an answer
// its round, and what is stored its revision. Within a leadership no mail needs the
// term: the names of its actors are never used again.
//
// # Failure
//
// An answer may never come; whoever needs one asks to be reminded. Mail to an actor
// that has stopped goes to the dead letters, except what nobody misses then: answers
// and reminders from the outside, and the mail of the actors of a leadership, which
// end with it, whatever they are doing.
//
// # Limits
//
// The limits on mail are those of the actors that send it; see package actors.
package messages
