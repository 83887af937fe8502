package bridge

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// LevelCritical is how critical alerts are logged: above errors.
const LevelCritical = slog.LevelError + 4

// alert logs what subscribers hear, too.
func (o *outside) alert(m messages.AlertRaised) {
	level := map[partition.AlertLevel]slog.Level{
		partition.AlertWarn: slog.LevelWarn, partition.AlertError: slog.LevelError, partition.AlertCritical: LevelCritical,
	}[m.Level]
	o.log.Log(context.Background(), level, "the worker is degraded", "alert", m.Level.String(),
		"for", m.At.Sub(m.Since).Round(time.Second), "reason", m.Reason)
}

// stalled logs and counts that this worker's hand-over as a leader is stuck.
func (o *outside) stalled(m messages.HandOverStalled) {
	o.counts.Stalls++
	o.log.Error("the hand-over is stuck", "term", m.Term, "reason", m.Reason)
}

// logWritten says what this worker has published and whom it has fenced, and under which
// session it works from now on: all lines name that.
func (o *outside) logWritten(writes []messages.Write, revisions []partition.Revision) {
	for i, w := range writes {
		switch r := w.Record.(type) {
		case partition.Live:
			o.logLive(strings.TrimPrefix(string(w.Key), string(messages.KeyLive(""))), r)
		case partition.Term:
			o.log.Info("this worker leads", "term", revisions[i])
		case partition.Journal:
			o.log.Info("a step is published", "term", r.Term, "version", r.Version, "step", r.Step,
				"cause", r.Cause, "moves", len(r.Moves)+r.More)
		}
	}
}

// logLive: somebody should look at a worker that is stuck, and its own process may not be
// able to say so.
func (o *outside) logLive(worker string, r partition.Live) {
	switch {
	case r.Fence != nil:
		o.log.Warn("a session is fenced", "fenced", worker, "fenced_session", r.Session, "silent", r.Fence.AfterSilence)
	case r.Released:
		o.log.Info("a session is released")
		o.log, o.own = o.base, ""
	case r.Session != o.own:
		o.log, o.own = o.base.With("worker", worker, "session", r.Session), r.Session
		o.id = partition.WorkerID(worker)
		o.log.Info("a session begins")
	}
}
