package partition

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every setting can be written as Explain shows it, and read again.
func TestSettings_EachIsWrittenAsItIsRead(t *testing.T) {
	s := Conservative()
	s.InstanceKey, s.Zone, s.Labels, s.NeverLead = "pod-1", "eu", []string{"gpu", "ssd"}, true
	s.Record = "/var/lib/orders worker"
	s.OnStop, s.Ownership, s.WorkerIDs.From, s.Alerts.Repeat = Restart, Available, 5, Off
	var again Settings
	for _, l := range s.leaves() {
		require.NoError(t, again.Set(l.name, l.text(), "f:1:2"))
		require.Equal(t, "f:1:2", again.Origin(l.name))
	}
	again.origins = nil
	require.Equal(t, s, again)
	require.EqualError(t, again.Set("Laese", "1s", "X"), `X: Laese is "1s"; must be the name of a setting`)
	for _, name := range s.Names() {
		require.Error(t, again.Set(name, "", ""), name)
	}
	require.Equal(t, s, again, "what is refused changes nothing")
}

func TestSettings_Origins(t *testing.T) {
	s, known := Preset("fast")
	require.True(t, known)
	_, known = Preset("Fast")
	require.False(t, known)
	require.NoError(t, s.Set("Lease", "3s", "f:1:8"))
	copied := s
	require.NoError(t, copied.Set("Lease", "4s", "TROUPE_LEASE"))
	require.Equal(t, "f:1:8", s.Origin("Lease"), "a copy is a copy")
	require.Equal(t, "TROUPE_LEASE", copied.Origin("Lease"))
	require.Equal(t, "preset fast", s.Origin("StoreTimeout"))
	s.Lease = 5 * time.Second
	require.Empty(t, s.Origin("Lease"), "the program has changed it")
	require.Empty(t, s.Origin("Candidates"))
}

func TestSettings_Explain(t *testing.T) {
	s := Default()
	s.PollInterval = 0
	require.NoError(t, s.Set("Lease", "5s", "troupe.yaml:3:8"))
	require.NoError(t, s.Set("MoveLimit", "off", "TROUPE_MOVE_LIMIT"))
	s.Candidates = 4
	lines := map[string]string{}
	for line := range strings.Lines(s.Explain()) {
		cells := strings.SplitN(strings.TrimSpace(line), "  ", 2)
		if len(cells) == 2 {
			lines[cells[0]] = strings.Join(strings.Fields(cells[1]), " ")
		}
	}
	for name, want := range map[string]string{
		"Lease":             "5s troupe.yaml:3:8",
		"MoveLimit":         "off TROUPE_MOVE_LIMIT",
		"Candidates":        "4 the program",
		"PollInterval":      "2.5s half of Lease",
		"HeartbeatInterval": "1s default",
		"Zone":              "none default",
		"Alerts.Repeat":     "1m0s default",

		"a join is noticed within":                          "1s DebounceCap; usually Debounce",
		"the same, if the watch is dead":                    "3.5s PollInterval + DebounceCap",
		"a joiner has its share after":                      "12s SettleTime or PlannedScaleWindow, and MinRebalanceInterval after another move",
		"a crash is answered after":                         "5.5s Lease·(1 + ClockDrift)",
		"a leader's crash is answered after":                "4.4s LeaderLease·(1 + ClockDrift)",
		"who crashes with the leader, after":                "5.9s up to one and a half renewals, LeaderLease/4, more",
		"every partition has an owner within":               "25.4s after the last fault, whoever crashed",
		"without the store handlers are told to stop after": "3.5s Lease − DrainTimeout, from the last accepted heartbeat",
		"and all is dropped after":                          "5s Lease",

		"one that moves, if its handler is stuck": "35.5s RevokeTimeout + Lease·(1 + ClockDrift); else as long as its handler takes to stop; " +
			"of more than 256 at once, up to RevokeTimeout/10 later, worked on until then",
		"a hand-over is told as stuck after": "1m12s without a move, 2·RevokeTimeout + Lease·(1 + ClockDrift) + PollInterval + 4·StoreTimeout",
	} {
		require.Equal(t, want, lines[name], name)
	}
	s.Ownership, s.SettleTime, s.PlannedScaleWindow, s.MinRebalanceInterval = Available, Off, 3*time.Second, Off
	require.Contains(t, s.Explain(), "without the store a worker works on for  no limit")
	require.Regexp(t, `a joiner has its share after +3s`, s.Explain())
	s.Lease = time.Second
	require.Contains(t, s.Explain(), "This breaks rules:\nLease is 1s; must be")
	require.NotContains(t, s.Explain(), "a crash is answered")
}
