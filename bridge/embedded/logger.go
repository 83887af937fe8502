package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// logger hands the server's log lines to slog. Notices become Info, debug and
// trace lines Debug. Unlike the server's own, it does not end the process on a
// fatal line: the line is kept for the error of Start.
type logger struct {
	to *slog.Logger

	mu    sync.Mutex
	first error
}

// fatal returns the first fatal line, or nil.
func (l *logger) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// Fatalf implements server.Logger.
func (l *logger) Fatalf(format string, v ...any) {
	l.write(slog.LevelError, format, v)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = fmt.Errorf(format, v...)
	}
}

// Errorf implements server.Logger.
func (l *logger) Errorf(format string, v ...any) { l.write(slog.LevelError, format, v) }

// Warnf implements server.Logger.
func (l *logger) Warnf(format string, v ...any) { l.write(slog.LevelWarn, format, v) }

// Noticef implements server.Logger.
func (l *logger) Noticef(format string, v ...any) { l.write(slog.LevelInfo, format, v) }

// Debugf implements server.Logger.
func (l *logger) Debugf(format string, v ...any) { l.write(slog.LevelDebug, format, v) }

// Tracef implements server.Logger.
func (l *logger) Tracef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }

func (l *logger) write(level slog.Level, format string, v []any) {
	if ctx := context.Background(); l.to.Enabled(ctx, level) {
		l.to.Log(ctx, level, fmt.Sprintf(format, v...))
	}
}
