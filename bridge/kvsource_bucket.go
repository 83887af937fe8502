package bridge

import (
	"context"
	"time"
)

// bucketState is what the server says about a KV bucket: when it was made, the
// newest sequence, and how many keys it has, those with a marker of their deletion
// included.
type bucketState struct {
	Result
	created  time.Time
	last     uint64
	subjects int
}

// bucket asks about the stream of the port, which is a KV bucket.
func (p *natsPort) bucket(within time.Duration, done func(bucketState)) (cancel func()) {
	return p.run(within, func(ctx context.Context) {
		var got struct {
			Created time.Time `json:"created"`
			State   struct {
				Last     uint64 `json:"last_seq"`
				Subjects int    `json:"num_subjects"`
			} `json:"state"`
		}
		r := p.call(ctx, "STREAM.INFO."+p.stream, struct{}{}, &got)
		done(bucketState{r, got.Created, got.State.Last, got.State.Subjects})
	})
}
