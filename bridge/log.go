package bridge

import (
	"context"
	"log/slog"
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

// logFences says which sessions this leader has ended: somebody should look at a
// worker that is stuck, and its own process may not be able to say so.
func (o *outside) logFences(writes []messages.Write) {
	for _, w := range writes {
		if live, ok := w.Record.(partition.Live); ok && live.Fence != nil {
			o.log.Warn("a session is fenced", "key", w.Key, "session", live.Session, "silent", live.Fence.AfterSilence)
		}
	}
}
