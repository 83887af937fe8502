package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// hazard 72
func TestPartitionManager_Errors(t *testing.T) {
	props := actor.PropsFromProducer(func() actor.Actor { return moody{} })
	for name, c := range map[string]struct {
		cfg     Config
		outside *actor.Props
		want    []string
	}{
		"right":      {Config{Source: props}, props, nil},
		"no outside": {Config{Source: props}, nil, []string{"outside is nil; must be Props, such as those of bridge.NATS"}},
		"no source":  {Config{}, props, []string{"Config.Source is nil; must be Props, such as those of StaticSource"}},
		"all at once": {Config{Settings: partition.Settings{Lease: time.Second, WorkerIDPrefix: "a.b"}}, nil, []string{
			"outside is nil", "Config.Source is nil", "Lease", "WorkerIDPrefix",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := PartitionManager(c.cfg, c.outside)
			if c.want == nil {
				require.NoError(t, err)
				require.NotNil(t, got)
				return
			}
			require.Nil(t, got)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}
