package bridge

import "github.com/nats-io/nats.go"

// NATSPort is the port of production.
func NATSPort(nc *nats.Conn, group string) Port { return newNATSPort(nc, group) }

// StreamOf is what a group's stream has to be, and PrefixOf what its subjects begin
// with.
func StreamOf(cfg Config, incarnation string) StreamConfig {
	return cfg.withDefaults().stream(incarnation)
}

func PrefixOf(group, incarnation string) string { return subjectPrefix(group, incarnation) }

// ErrClosed is what the port of production says of a connection that is closed, and ErrAway
// of one that is broken.
var (
	ErrClosed = errClosed
	ErrAway   = errAway
)
