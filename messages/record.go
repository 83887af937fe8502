package messages

// The flight recorder, if Settings.Record is set:
//
//	calculator, publisher ── KeepMail ──► outside ── a file

// KeepMail asks the outside to keep what an actor of a leader has heard and said. There
// is no answer: what cannot be written is lost, and the outside says so.
type KeepMail struct {
	// Actor is who heard it, and names the file.
	Actor string
	// Begins: the first line is all that the actor knew, and begins a file. Whatever is
	// lost, what follows can be used again from there.
	Begins bool
	// Lines end with a line feed, each.
	Lines []byte
}
