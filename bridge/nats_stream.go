package bridge

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// mostConsumers may look at the stream. Who names no number gets a thousand from
	// the server, which the watches of a few hundred workers exceed while they begin.
	mostConsumers = 1 << 20
	// codeConsumers: an account allows fewer, or there are as many already.
	codeConsumers = 10026
	// leastMsgSize is what a stream must take: a record's part, 512 KiB, and its headers.
	leastMsgSize = 516 << 10
)

func (p *natsPort) create(ctx context.Context, c StreamConfig) Result {
	cfg := jetstream.StreamConfig{
		Name: c.Name, Subjects: c.Subjects, Replicas: c.Replicas,
		Description:       "ownership of partitions: written by Troupe only",
		MaxMsgsPerSubject: c.MaxPerSubject, MaxAge: c.MaxAge, MaxBytes: c.MaxBytes, MaxMsgs: -1, MaxConsumers: mostConsumers, MaxMsgSize: -1,
		Discard:    jetstream.DiscardNew,
		DenyDelete: c.DenyDelete, DenyPurge: c.DenyPurge, AllowRollup: c.AllowRollup,
		AllowDirect: c.AllowDirect, AllowAtomicPublish: c.AllowAtomic,
		Metadata: map[string]string{IncarnationKey: c.Incarnation},
	}
	if c.Storage == Memory {
		cfg.Storage = jetstream.MemoryStorage
	}
	r := p.call(ctx, "STREAM.CREATE."+p.stream, cfg, new(struct{}))
	if r.Code == codeConsumers { // the account's own limit counts
		cfg.MaxConsumers = -1
		r = p.call(ctx, "STREAM.CREATE."+p.stream, cfg, new(struct{}))
	}
	return r
}

// Info implements Port.
func (p *natsPort) Info(within time.Duration, done func(StreamInfo)) (cancel func()) {
	return p.run(within, func(ctx context.Context) { done(p.info(ctx)) })
}

func (p *natsPort) info(ctx context.Context) StreamInfo {
	var got struct {
		Config  jetstream.StreamConfig `json:"config"`
		Created time.Time              `json:"created"`
		State   struct {
			LastSeq uint64 `json:"last_seq"`
		} `json:"state"`
	}
	r := p.call(ctx, "STREAM.INFO."+p.stream, struct{}{}, &got)
	info := StreamInfo{Result: r, Server: p.nc.ConnectedServerVersion()}
	if r.Outcome == Accepted {
		info.Created, info.Last, info.Config = got.Created, got.State.LastSeq, streamOf(got.Config)
	}
	return info
}

func streamOf(c jetstream.StreamConfig) StreamConfig {
	out := StreamConfig{
		Name: c.Name, Subjects: c.Subjects, Replicas: c.Replicas, Incarnation: c.Metadata[IncarnationKey],
		MaxPerSubject: c.MaxMsgsPerSubject, AllowAtomic: c.AllowAtomicPublish, AllowDirect: c.AllowDirect,
		AllowRollup: c.AllowRollup, DenyDelete: c.DenyDelete, DenyPurge: c.DenyPurge, MaxAge: c.MaxAge, MaxBytes: c.MaxBytes,
		Odd: oddity(c),
	}
	if c.Storage == jetstream.MemoryStorage {
		out.Storage = Memory
	}
	return out
}

// oddity is the first setting with which a stream does not keep every record as it
// was written, or does not say that it does.
func oddity(c jetstream.StreamConfig) string {
	limited := c.MaxMsgs > 0 || c.MaxBytes > 0
	switch {
	case c.Retention != jetstream.LimitsPolicy:
		return fmt.Sprintf("Retention is %v; must be %v: records are never deleted", c.Retention, jetstream.LimitsPolicy)
	case limited && c.Discard != jetstream.DiscardNew:
		return fmt.Sprintf("Discard is %v; must be %v when there is a limit: records are never deleted", c.Discard, jetstream.DiscardNew)
	case c.DiscardNewPerSubject:
		return "DiscardNewPerSubject is true; must be false: records are written anew"
	case c.SubjectTransform != nil:
		return "SubjectTransform is there; must be missing"
	case len(c.Sources) > 0:
		return "Sources are there; must be missing: records are written by Troupe only"
	case c.AllowMsgTTL:
		return "AllowMsgTTL is true; must be false: records are never deleted"
	case c.NoAck:
		return "NoAck is true; must be false"
	case c.AllowMsgCounter:
		return "AllowMsgCounter is true; must be false: records are no numbers"
	case c.ConsumerLimits.InactiveThreshold > 0 && c.ConsumerLimits.InactiveThreshold < silentBeats*heartbeat:
		return fmt.Sprintf("ConsumerLimits.InactiveThreshold is %v; must be at least %v, or 0", c.ConsumerLimits.InactiveThreshold, silentBeats*heartbeat)
	case c.Sealed:
		return "Sealed is true; must be false: records are written"
	case c.MaxMsgSize > 0 && c.MaxMsgSize < leastMsgSize:
		return fmt.Sprintf("MaxMsgSize is %d; must be at least %d, or -1", c.MaxMsgSize, leastMsgSize)
	}
	return ""
}
