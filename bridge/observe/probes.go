package observe

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/troupe-actors/troupe/messages"
)

// silence is the reason when nothing is known.
const silence = "the manager has ended, or does not answer"

// Healthz answers 200 as long as a restart of the process would mend nothing: the
// manager answers, and what is wrong, if anything, may go away by itself, as when the
// store is away. Else it answers 503 with the reason: the manager has ended or is stuck,
// or its fault is final, such as credentials that were revoked. A leader whose hand-over is
// stuck is none of these: it gives up its lead by itself after three bounds, which begins
// all that may be stuck anew, and a restart would take its partitions from it as well.
func (o *Observer) Healthz() http.Handler {
	return probe(func() string {
		_, health, up := o.snapshot()
		switch {
		case !up:
			return silence
		case health.Final:
			return health.Reason
		}
		return ""
	})
}

// working are the states of a worker that has its assignment and its lease.
var working = []messages.State{messages.Stable, messages.Scaling, messages.Rebalancing, messages.Emergency}

// Readyz answers 200 while the worker can own partitions and work on them, which may be
// none: it has an assignment, it is healthy, and it is not being drained. Else it
// answers 503 with the reason. A leader that does not reach its goal is not ready.
func (o *Observer) Readyz() http.Handler {
	return probe(func() string {
		s, _, up := o.snapshot()
		switch {
		case !up:
			return silence
		case !s.Healthy && s.Reason != "":
			return s.Reason
		case !s.Healthy:
			return "not healthy"
		case !slices.Contains(working, s.State):
			return "the state is " + string(s.State)
		case s.DrainAsked:
			return "it is drained"
		}
		return ""
	})
}

func probe(fault func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		reason := fault()
		if reason != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		} else {
			reason = "ok"
		}
		_, _ = fmt.Fprintln(w, reason) // who asked may have hung up
	})
}
