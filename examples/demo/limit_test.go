package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// The limit is not a matter of what runs: it may be stuck where nothing reaches it.
func TestWithin_WaitsForNothingThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		began := time.Now()
		err := within(began.Add(limit), func() error { <-release; return nil })
		require.ErrorContains(t, err, "its time is over")
		require.Equal(t, 30*time.Second, time.Since(began))
	})
}

func TestWithin_EndsWithWhatItRuns(t *testing.T) {
	fault := errors.New("a fault")
	require.ErrorIs(t, within(time.Now().Add(time.Hour), func() error { return fault }), fault)
	require.ErrorIs(t, within(time.Time{}, func() error { return fault }), fault)
}

// A play that does not get on says what it waits for, in time for its workers to
// stop and for the summary.
func TestPlay_GivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(config{settings: partition.Fast()}, lines{io.Discard}, 0, false)
		defer p.tick.Stop()
		acting, cancel := playing(t.Context(), time.Now().Add(limit), p.cfg)
		defer cancel()
		err := p.until(acting, "pigs fly", func() bool { return false })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "gave up waiting until pigs fly")
		stop, cancel := stopping(acting, p.cfg)
		defer cancel()
		<-stop.Done()
		require.Less(t, time.Since(p.began), limit)
	})
}

// Nobody stops where nobody could start.
func TestPlay_ClosesWithoutWorkers(t *testing.T) {
	var out strings.Builder
	p := newPlay(config{}, lines{&out}, 0, false)
	require.NoError(t, p.close(t.Context()))
	require.Empty(t, out.String())
}
