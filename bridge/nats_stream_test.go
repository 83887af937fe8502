package bridge

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
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

func TestOutside_SaysWhichFieldOfTheStreamDiffers(t *testing.T) {
	for want, change := range map[string]func(*jetstream.StreamConfig){
		"AllowAtomicPublish is false; must be true": func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"AllowRollup is true; must be false":        func(c *jetstream.StreamConfig) { c.AllowRollup, c.DenyPurge = true, false },
		"MaxAge is 1m0s; must be 0":                 func(c *jetstream.StreamConfig) { c.MaxAge = time.Minute },
		"DenyDelete is false; must be true":         func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"metadata troupe-incarnation is missing":    func(c *jetstream.StreamConfig) { c.Metadata = nil },
		"Subjects is [other.>]; must be":            func(c *jetstream.StreamConfig) { c.Subjects = []string{"other.>"} },
		"Retention is Interest; must be Limits":     func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy },
		"Discard is DiscardOld; must be DiscardNew": func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 20 },
		"DiscardOld; must be DiscardNew when there": func(c *jetstream.StreamConfig) { c.MaxMsgs = 100 },
		"DiscardNewPerSubject is true; must be": func(c *jetstream.StreamConfig) {
			c.Discard, c.MaxMsgs, c.DiscardNewPerSubject = jetstream.DiscardNew, 100, true
		},
		"AllowMsgTTL is true; must be false": func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true },
		"Storage is memory; must be file":    func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"MaxMsgSize is 4096; must be at":     func(c *jetstream.StreamConfig) { c.MaxMsgSize = 4096 },
		"AllowMsgCounter is true; must be":   func(c *jetstream.StreamConfig) { c.AllowMsgCounter = true },
		"InactiveThreshold is 5s; must be at least 6s": func(c *jetstream.StreamConfig) {
			c.ConsumerLimits.InactiveThreshold = 5 * time.Second
		},
		"Sealed is true; must be false": func(c *jetstream.StreamConfig) { c.Sealed = true },
		"NoAck is true; must be false":  func(c *jetstream.StreamConfig) { c.NoAck = true },
		"SubjectTransform is there; must be missing": func(c *jetstream.StreamConfig) {
			c.SubjectTransform = &jetstream.SubjectTransformConfig{Source: "$KV.g.one.lead", Destination: "$KV.g.one.led"}
		},
		"Sources are there; must be missing": func(c *jetstream.StreamConfig) { c.Sources = []*jetstream.StreamSource{{Name: "other"}} },
	} {
		nc := connect(t, startServer(t, embedded.Config{}))
		js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
		require.NoError(t, err)
		cfg := jetstream.StreamConfig{
			Name: "KV_g", Subjects: []string{"$KV.g.one.>"}, AllowAtomicPublish: true, DenyDelete: true, DenyPurge: true,
			MaxMsgsPerSubject: 1, Metadata: map[string]string{IncarnationKey: "one"},
		}
		change(&cfg)
		sealed := cfg.Sealed
		cfg.Sealed = false
		_, err = js.CreateStream(t.Context(), cfg)
		if cfg.Sealed = sealed; err == nil && sealed { // only a stream that is there can be
			_, err = js.UpdateStream(t.Context(), cfg)
		}
		require.NoError(t, err)
		failed := hear[messages.StoreFailed](visit(t, NATS(nc, plain())))
		require.True(t, failed.Final, want)
		require.Contains(t, failed.Reason, want)
	}
}
