// Package troupepb holds the records that the workers of a group share, generated
// from troupe.proto. Only the bridge reads and writes them; package partition has
// the types that everything else speaks of.
//
// # Ordering
//
// The store orders records; nothing in them does.
//
// # Failure
//
// What cannot be decoded is reported with its key and never guessed at.
//
// # Limits
//
// A record above 512 KiB is stored in parts.
package troupepb
