package messages

// The flight recorder, if Settings.Record is set:
//
//	calculator, publisher ── KeepMail ──► outside ── a file
//	                      ◄─ KeepAnew ──

// KeepMail asks the outside to keep what an actor of a leader has heard and said. What
// cannot be written is lost; the answer, KeepAnew, comes only then.
type KeepMail struct {
	// Actor is who heard it, and names the file.
	Actor string
	// Begins: the first line is all that the actor knew, and begins a file. Whatever is
	// lost, what follows can be used again from there.
	Begins bool
	// Lines end with a line feed, each.
	Lines []byte
}

// KeepAnew asks an actor to begin once more with all that it knows: something of it was
// lost, without which what follows is of no use. It comes when there is room again, at most
// once a minute.
type KeepAnew struct{}
