package bridge

import (
	"errors"
	"time"
)

// Port is the raw input and output of the store: it starts operations and
// reports what the server said. Retrying, re-watching, chunking, back-off and deadlines
// belong to the bridge actor above it, so that a simulated port exercises them too. A
// watch coalesces and notices its own silence: the contract suite holds both ports to it.
//
// A question says how long its answer is waited for. The port may end it a little
// earlier, to say what it knows by then; the outside ends it in any case.
//
// Every method returns at once. Callbacks run on a goroutine of the port, never
// on the caller's stack, and must not block.
type Port interface {
	// Submit starts op and calls done once with its outcome. cancel frees what
	// the operation holds; a cancelled operation may still have its effect, and
	// done may then be called or not.
	Submit(op Op, within time.Duration, done func(Result)) (cancel func())

	// Watch reports the newest message of every subject that matches filter,
	// then every later one, as the replica has them on which the watch lies: it
	// may lag behind the stream's leader for seconds, and says nothing of that.
	// Between two calls of each the port keeps only the newest message of a
	// subject, and it calls each again only after Watching.Next: a slow reader
	// costs memory in proportion to subjects, not to messages. gone is called at
	// most once, when the watch ended without Stop, also if it did not begin
	// within the time; a watch may also fall silent without saying so. The error
	// wraps ErrDenied if the connection may not watch that.
	Watch(filter string, within time.Duration, each func(Sights), gone func(error)) Watching

	// Info asks the server what the stream is now.
	Info(within time.Duration, done func(StreamInfo)) (cancel func())

	// Listen reports changes of the connection until stop is called.
	Listen(each func(Signal)) (stop func())

	// Reconnect leaves the present server for another one. A client that is
	// connected to an isolated node does not move by itself.
	Reconnect()

	// Ended returns, for people, that the connection is closed for good and, if the
	// server did not accept its credentials, what it said of them. It is nil as long
	// as the connection may come back.
	Ended() error
}

// ErrDenied says that a watch ended because the connection may not have it.
var ErrDenied = errors.New("not permitted")

// Op is one operation on the store: exactly one of its fields is set.
type Op struct {
	// Publish writes one message, or several as one atomic batch: all of them
	// with consecutive sequences, or none.
	Publish []Message
	// Get reads the newest message of one subject, of the stream's leader. The answer may
	// be stale: it may be a former one.
	Get string
	// Create makes the stream. Creation of a stream that exists with another
	// configuration is refused.
	Create *StreamConfig
}

// Message is one message of a publish.
type Message struct {
	Subject string
	Data    []byte
	// Expect, if set, is checked by the server when the message (or its batch)
	// is committed.
	Expect *Expectation
}

// Expectation says which sequence the newest message of a subject, or of all subjects
// that match it, must have for a publish to be accepted; Sequence 0 means that there is
// no message.
type Expectation struct {
	Subject  string
	Sequence uint64
}

// Outcome says what is known about an operation after it ended.
type Outcome int

const (
	// Accepted: the server did it.
	Accepted Outcome = iota
	// Refused: the server answered that it did not do it; Code says why.
	Refused
	// Unknown: it may have been done or not, now or later: no answer, no
	// responders, no quorum, or another fenced write in flight (10164).
	Unknown
	// Denied: the connection may not do it, or is closed for good. Final.
	Denied
)

// Result is the outcome of one operation.
type Result struct {
	Outcome Outcome
	// Sequence is, for an accepted Publish, the sequence of its last message;
	// for an accepted Get, that of the message, 0 if the subject has none.
	Sequence uint64
	// Data and Time belong to a Get: the payload and the server's timestamp.
	Data []byte
	Time time.Time
	// Code is the server's JetStream error code, 0 if it named none.
	Code int
	// Last is the sequence that a refusal with CodeWrongSequence named, and
	// HasLast whether it named one.
	Last    uint64
	HasLast bool
	// Err is the reason for people. It is nil only if the outcome is Accepted.
	Err error
}

// Error codes of JetStream that decide what happens next.
const (
	// CodeWrongSequence: an expectation did not hold.
	CodeWrongSequence = 10071
	// CodeStreamNotFound: there is no such stream.
	CodeStreamNotFound = 10059
	// CodeStreamExists: the stream exists with another configuration.
	CodeStreamExists = 10058
	// CodeFenceInFlight: another write that fences on the same subject is under
	// way, or the leader has no quorum.
	CodeFenceInFlight = 10164
	// CodeNoJetStream: JetStream is not enabled for this account or server.
	CodeNoJetStream = 10039
	// CodeNotLeader and CodeNoQuorum: whoever answered cannot decide now.
	CodeNotLeader = 10009
	CodeNoQuorum  = 10008
	// CodeTooLarge: the message is larger than server or stream allow.
	CodeTooLarge = 10054
	// codeNoMessage: the subject has no message.
	codeNoMessage = 10037
)

// Sights is what a watch saw since the last call: at most one message per subject, in
// the order of the stream.
type Sights struct {
	Messages []Sight
	// Synced says that the newest message of every matching subject has been
	// reported at least once. It is set from the call that completes the first
	// pass on.
	Synced bool
}

// Sight is one message seen by a watch.
type Sight struct {
	Subject  string
	Sequence uint64
	// Data is nil if the message is a deletion marker.
	Data []byte
	// Time is the server's timestamp, for ordering by people only.
	Time time.Time
}

// Watching is a watch under way.
type Watching interface {
	// Next allows the following call of each.
	Next()
	// Stop ends the watch and frees what it holds in the server. A callback that
	// runs while Stop is called may still report.
	Stop()
}

// Storage says where the stream keeps its messages.
type Storage int

const (
	// File keeps messages on disk: the default.
	File Storage = iota
	// Memory keeps them until the server process ends.
	Memory
)

// StreamConfig is what the group's stream must be. See the package comment for
// the reason of each field.
type StreamConfig struct {
	Name     string
	Subjects []string
	Replicas int
	Storage  Storage
	// Incarnation is kept in the stream's metadata under IncarnationKey.
	Incarnation string
	// MaxPerSubject is the number of messages kept per subject; 1 when Troupe
	// creates the stream, -1 is unlimited (kept for audits).
	MaxPerSubject int64
	AllowAtomic   bool
	AllowDirect   bool
	AllowRollup   bool
	DenyDelete    bool
	DenyPurge     bool
	// MaxAge is how long messages are kept; 0 is for ever, the only right value.
	MaxAge time.Duration
	// MaxBytes limits the stream; -1 is no limit.
	MaxBytes int64
	// Odd is what another stream does with records that Troupe's does not: it
	// deletes, changes or does not acknowledge them. A setting, what it is and what
	// it must be, for people; empty if there is nothing of that kind.
	Odd string
}

// IncarnationKey is the key in the stream's metadata that names its incarnation.
const IncarnationKey = "troupe-incarnation"

// StreamInfo is what the server says about the stream.
type StreamInfo struct {
	// Result is Accepted if the server answered with a stream, Refused with
	// CodeStreamNotFound if there is none, else as for any operation.
	Result Result
	Config StreamConfig
	// Created is when the server made the stream, Last the newest sequence.
	Created time.Time
	Last    uint64
	// Server is the version of the server that the connection has, "2.15.2".
	Server string
}

// Signal is a change of the connection.
type Signal int

const (
	// Disconnected: the connection is gone; the client tries to get it back.
	Disconnected Signal = iota
	// Reconnected: the connection is back. Watches may be deaf from here on.
	Reconnected
	// Closed: the connection is closed for good.
	Closed
)
