package live

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// claim looks at the records of the workers. That of the one that has stopped is released,
// or Stopped says that this is not known; what was not let go is written off in it. No
// other is left of it but that of a session that was over before.
func (h *halt) claim(js jetstream.JetStream, state, how messages.State) {
	t := h.g.t
	lives := h.lives(js)
	if _, claimed := lives["worker-0"]; how == starting && claimed {
		h.id = "worker-0"
	}
	untold := how == poisoned && h.trouble == away
	if h.said.Reason == "" && !untold {
		h.unclaimed(lives)
	}
	if h.id == "" {
		return
	}
	live, found := lives[h.id]
	require.True(t, found)
	switch {
	case untold:
		require.False(t, live.Ended(), "nobody could write that")
	case h.trouble == away:
		require.True(t, live.Released || h.said.Reason != "", "%+v", h.said)
	case h.trouble == stuck && how != poisoned:
		require.True(t, live.Released, "%+v", h.said)
		if len(live.Abandoned) > 0 || state != messages.Election && state != messages.WaitingAssignment && how != starting {
			require.Len(t, live.Abandoned, len(h.said.Running), "what is stuck is written off, not let go")
		}
	case h.trouble == stuck:
		require.True(t, live.Released)
	default:
		require.True(t, live.Released, "%+v", h.said)
		require.Empty(t, live.Abandoned)
		require.Empty(t, h.said.Reason)
	}
}

// unclaimed demands that no more records are in use than there are other workers.
func (h *halt) unclaimed(lives map[partition.WorkerID]partition.Live) {
	l := h.g.ledger
	l.mu.Lock()
	others := len(l.pages) - 1
	l.mu.Unlock()
	left := 0
	for _, live := range lives {
		if !live.Ended() && live.Session != h.was {
			left++
		}
	}
	require.LessOrEqual(h.g.t, left, others, "a claim is left: %+v", lives)
}

// lives are the records of all workers of the group. There are none if the stream was
// never made.
func (h *halt) lives(js jetstream.JetStream) map[partition.WorkerID]partition.Live {
	t := h.g.t
	stream, err := js.Stream(t.Context(), "KV_"+h.g.name)
	if err != nil {
		require.ErrorIs(t, err, jetstream.ErrStreamNotFound)
		return nil
	}
	prefix := strings.TrimSuffix(stream.CachedInfo().Config.Subjects[0], ">") + "live."
	info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter(prefix+">"))
	require.NoError(t, err)
	all := map[partition.WorkerID]partition.Live{}
	for subject := range info.State.Subjects {
		m, err := stream.GetLastMsgForSubject(t.Context(), subject)
		require.NoError(t, err)
		_, record, err := bridge.Inspect(m.Subject, m.Data)
		require.NoError(t, err)
		live, ok := record.(partition.Live)
		require.True(t, ok)
		all[partition.WorkerID(strings.TrimPrefix(subject, prefix))] = live
	}
	return all
}

// stopLabel marks the goroutines of a case: whoever begins one marks it too, timers apart.
const stopLabel = "stop"

// ended waits until the goroutines of all cases have ended. Of one that has not, the case
// is told, too.
func ended(t *testing.T) {
	t.Helper()
	left := labelled()
	for late := time.Now().Add(patience); left != "" && time.Now().Before(late); left = labelled() {
		time.Sleep(20 * time.Millisecond) // nobody tells that one has ended
	}
	if left != "" {
		t.Errorf("goroutines are left:\n%s", left)
	}
}

// labelled are the goroutines of cases, as a profile has them.
func labelled() string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
	var left strings.Builder
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("\n# labels: {%q:", stopLabel)) {
			left.WriteString(stack + "\n\n")
		}
	}
	return left.String()
}
