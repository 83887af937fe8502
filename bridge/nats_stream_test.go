package bridge

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// A large group has more watches than a server allows a stream that names no number.
func TestNATSStream_HasAsManyWatchesAsTheGroupNeeds(t *testing.T) {
	s := startServer(t, embedded.Config{Options: func(o *server.Options) { o.JetStreamLimits.DefaultMaxConsumers = 2 }})
	p := portTo(t, connect(t, s), Config{Group: "g"})
	for i := range 5 {
		require.Empty(t, look(t, p, fmt.Sprintf("asg.w.%d", i)).pass(t))
	}
}

// What an administrator allows an account is no reason to make no stream.
func TestNATSStream_IsMadeWhereAnAccountHasFewWatches(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.conf")
	text := "accounts { A { jetstream { max_consumers: 2 }, users [ { user: a, password: a } ] } }\nno_auth_user: a"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	limited, err := server.ProcessConfigFile(file)
	require.NoError(t, err)
	s := startServer(t, embedded.Config{Options: func(o *server.Options) {
		o.Accounts, o.Users, o.NoAuthUser = limited.Accounts, limited.Users, limited.NoAuthUser
	}})
	p := portTo(t, connect(t, s), Config{Group: "g"})
	require.Empty(t, look(t, p, "live.*").pass(t))
	require.Empty(t, look(t, p, "lead").pass(t))
	require.ErrorContains(t, await(t, look(t, p, "head").gone, "a refusal"), "maximum consumers limit reached")
}
