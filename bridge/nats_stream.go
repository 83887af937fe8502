package bridge

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func (p *natsPort) create(ctx context.Context, c StreamConfig) Result {
	cfg := jetstream.StreamConfig{
		Name: c.Name, Subjects: c.Subjects, Replicas: c.Replicas,
		Description:       "ownership of partitions: written by Troupe only",
		MaxMsgsPerSubject: c.MaxPerSubject, MaxAge: c.MaxAge, MaxBytes: c.MaxBytes, MaxMsgs: -1, MaxConsumers: -1, MaxMsgSize: -1,
		Discard:    jetstream.DiscardNew,
		DenyDelete: c.DenyDelete, DenyPurge: c.DenyPurge, AllowRollup: c.AllowRollup,
		AllowDirect: c.AllowDirect, AllowAtomicPublish: c.AllowAtomic,
		Metadata: map[string]string{IncarnationKey: c.Incarnation},
	}
	if c.Storage == Memory {
		cfg.Storage = jetstream.MemoryStorage
	}
	return p.call(ctx, "STREAM.CREATE."+p.stream, cfg, new(struct{}))
}

// Info implements Port.
func (p *natsPort) Info(done func(StreamInfo)) (cancel func()) {
	return p.run(p.timeout, func(ctx context.Context) {
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
		done(info)
	})
}

func streamOf(c jetstream.StreamConfig) StreamConfig {
	out := StreamConfig{
		Name: c.Name, Subjects: c.Subjects, Replicas: c.Replicas, Incarnation: c.Metadata[IncarnationKey],
		MaxPerSubject: c.MaxMsgsPerSubject, AllowAtomic: c.AllowAtomicPublish, AllowDirect: c.AllowDirect,
		AllowRollup: c.AllowRollup, DenyDelete: c.DenyDelete, DenyPurge: c.DenyPurge, MaxAge: c.MaxAge, MaxBytes: c.MaxBytes,
	}
	if c.Storage == jetstream.MemoryStorage {
		out.Storage = Memory
	}
	return out
}
