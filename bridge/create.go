package bridge

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// creation is what CreateStream may take, whatever its context says: a question that is
// not permitted gets no answer.
const creation = 10 * time.Second

// CreateStream makes the group's stream, as an administrator does for workers with
// BindOnly, who need no right to. One that exists stays as it is, and is an error if it
// is not what it has to be. Of cfg it takes what says how the stream is.
func CreateStream(ctx context.Context, nc *nats.Conn, cfg Config) error {
	if nc == nil {
		return errNoConnection
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, creation)
	defer cancel()
	p := newNATSPort(nc, cfg.Group)
	info := p.info(ctx)
	if version := info.Server; info.Result.Outcome != Denied && tooOld(version) {
		return fmt.Errorf("bridge.CreateStream: nats-server is %s; must be %s or later", printable(version), oldestServer)
	}
	if r := info.Result; r.Outcome == Refused && r.Code == CodeStreamNotFound {
		r = p.create(ctx, cfg.stream(fmt.Sprintf("%x", cfg.Entropy())))
		if r.Outcome != Accepted && (r.Outcome != Refused || r.Code != CodeStreamExists) {
			return fmt.Errorf("bridge.CreateStream: the stream %s was not created: %w", p.stream, r.Err)
		}
		info = p.info(ctx) // somebody may have been faster: theirs counts
	}
	if r := info.Result; r.Outcome != Accepted {
		return fmt.Errorf("bridge.CreateStream: the stream %s cannot be looked at: %w", p.stream, r.Err)
	}
	return cfg.fits(info.Config)
}
