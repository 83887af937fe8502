// Package embedded runs a NATS server with JetStream inside this process: a
// single node for programs that want no other process, or three nodes for tests
// of what a cluster does.
//
// It is a package of its own because it links the whole server, about 15 MB;
// programs that bring their own NATS do not import it.
//
// # Limits
//
// The server listens on the loopback interface or not at all, takes no signals,
// writes nothing to the terminal, and keeps its store where Config says and
// nowhere else. Memory and store have explicit limits.
//
// # Failure
//
// A node that keeps its store in files syncs every write before it acknowledges
// it, so that a power cut loses nothing that was acknowledged. A node without a
// directory loses everything when it stops. Fresh says when nobody can have lost
// anything by it.
//
// # Stopping
//
// Stop the actors first, then their watches, drain the connections, and stop
// the server last.
package embedded
