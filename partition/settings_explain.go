package partition

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Explain returns, for people, every setting as it counts, with defaults filled in, and
// where it came from; then what follows from them: how soon a crash is noticed, how
// long partitions are without an owner, when handlers pause. Settings that break a rule
// are shown with their faults instead of that.
func (s Settings) Explain() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }
	full, standard := s.WithDefaults(), Default()
	usual := standard.leaves()
	for i, l := range full.leaves() {
		from := s.Origin(l.name)
		switch {
		case from != "":
		case l.name == "PollInterval" && 2*full.PollInterval == full.Lease:
			from = "half of Lease"
		case l.text() == usual[i].text():
			from = "default"
		default:
			from = "the program"
		}
		line(l.name, quiet(l.text()), from)
	}
	_ = w.Flush() // a strings.Builder takes everything
	out.WriteString("\n")
	if err := full.Validate(); err != nil {
		out.WriteString("This breaks rules:\n" + err.Error() + "\n")
		return out.String()
	}
	for _, b := range full.bounds() {
		at := "no limit"
		if b.at >= 0 {
			at = b.at.Round(time.Millisecond).String()
		}
		line(b.what, at, b.why)
	}
	_ = w.Flush()
	return out.String()
}

func quiet(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// bound is a time that follows from the settings. Below 0 there is none.
type bound struct {
	what string
	at   time.Duration
	why  string
}

func (s Settings) bounds() []bound {
	b := []bound{
		{"a join is noticed within", s.DebounceCap, "DebounceCap; usually Debounce"},
		{"the same, if the watch is dead", s.PollInterval + s.DebounceCap, "PollInterval + DebounceCap"},
		{"a joiner has its share after", max(s.window(), 0) + max(s.MinRebalanceInterval, 0), "SettleTime or PlannedScaleWindow, and MinRebalanceInterval after another move"},
		{"a crash is answered after", s.Wait(s.Lease), "Lease·(1 + ClockDrift)"},
		{"a leader's crash is answered after", s.LeadWait(), "LeaderLease·(1 + ClockDrift)"},
		{"who crashes with the leader, after", s.LeadWait() + s.LeadRenewal() + s.LeadRenewal()/2, "up to one and a half renewals, LeaderLease/4, more"},
		{"every partition has an owner within", s.RecoveryBound(Setbacks{}), "after the last fault, whoever crashed"},
		{"the same, if the stream is made anew", s.RecoveryBound(Setbacks{Recreated: true}), "1s and Lease·(1 + ClockDrift) more"},
		{"everybody is Stable within", s.StableBound(Setbacks{}), "after the last fault: windows and ExitThreshold"},
		{"a partition that does not move pauses", 0, "whatever else happens, while its worker has its lease"},
		{"one that moves, if its handler is stuck", s.RevokeTimeout + s.Wait(s.Lease), "RevokeTimeout + Lease·(1 + ClockDrift); else as long as its handler takes to stop; of more than 256 at once, up to RevokeTimeout/10 later, worked on until then"},
	}
	b = append(b, bound{"a hand-over is told as stuck after", s.HandOverBound(s.Lease), "without a move, 2·RevokeTimeout + Lease·(1 + ClockDrift) + PollInterval + 4·StoreTimeout"})
	if s.Ownership == Available {
		return append(b, bound{"without the store a worker works on for", -1, "Available: for a while two may own a partition"})
	}
	return append(b,
		bound{"without the store handlers are told to stop after", s.Suspect(), "Lease − DrainTimeout, from the last accepted heartbeat"},
		bound{"and all is dropped after", s.Lease, "Lease"})
}

// window is how long a single join waits.
func (s Settings) window() time.Duration {
	if s.SettleTime == Off || s.PlannedScaleWindow == Off {
		return s.PlannedScaleWindow
	}
	return min(s.SettleTime, s.PlannedScaleWindow)
}
