package live

import (
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// ask sends a manager a question and returns its answer.
func ask[A any](w *worker, question any) A {
	w.g.t.Helper()
	got, err := w.system.Root.RequestFuture(w.manager, question, patience).Result()
	require.NoError(w.g.t, err)
	answer, ok := got.(A)
	require.True(w.g.t, ok, "%T is answered with %T", question, got)
	return answer
}

func (w *worker) snapshot() messages.Snapshot {
	w.g.t.Helper()
	return ask[messages.Snapshot](w, messages.GetSnapshot{})
}

func (w *worker) id() partition.WorkerID {
	w.g.t.Helper()
	return w.snapshot().Worker
}
