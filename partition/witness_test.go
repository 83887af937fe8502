package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var atFirst = time.Unix(1000, 0)

// witnessed is a worker of which these records were seen, one a second.
func witnessed(lives ...Live) Witness {
	var w Witness
	for i, l := range lives {
		if l.Session == "" {
			l.Session = "s"
		}
		l.Lease = testLease
		w, _ = w.See("w-0", l, Revision(10+i), atFirst.Add(time.Duration(i)*time.Second))
	}
	return w
}

// hazard 25
// hazard 5
func TestWitness_OldAndDoubledSightsChangeNothing(t *testing.T) {
	w := witnessed(Live{}, Live{Beat: 2})
	for _, revision := range []Revision{9, 10, 11} {
		next, newer := w.See("w-0", Live{Session: "other", Released: true}, revision, atFirst.Add(time.Hour))
		require.False(t, newer)
		require.Equal(t, w, next)
	}
	require.Equal(t, atFirst.Add(time.Second), w.At)
}

func TestWitness_InstantsAreOfFirstSights(t *testing.T) {
	a := Abandoned{Partition: "p", Token: 3, Step: 4}
	w := witnessed(Live{}, Live{Restarting: true, Abandoned: []Abandoned{a}}, Live{Restarting: true, Released: true, Abandoned: []Abandoned{a}},
		Live{Restarting: true, Released: true, Fence: &Fence{}, Abandoned: []Abandoned{a, {Partition: "q", Token: 3, Step: 4}}})
	second := func(n int) time.Time { return atFirst.Add(time.Duration(n) * time.Second) }
	require.Equal(t, second(3), w.At)
	require.Equal(t, second(0), w.SessionAt)
	require.Equal(t, second(1), w.RestartAt)
	require.Equal(t, second(2), w.EndedAt)
	require.Equal(t, map[Abandoned]time.Time{a: second(1), {Partition: "q", Token: 3, Step: 4}: second(3)}, w.AbandonedAt)

	w = witnessed(Live{Abandoned: []Abandoned{a}, Restarting: true}, Live{Session: "next", Abandoned: []Abandoned{a}, Restarting: true})
	require.Equal(t, second(1), w.SessionAt, "of the new session")
	require.Equal(t, second(1), w.RestartAt)
	require.Equal(t, second(1), w.AbandonedAt[a])
	require.EqualValues(t, 11, w.Live.Claim, "a claim cannot name its own revision")
}

func TestWitness_Standing(t *testing.T) {
	wait := testRules.Wait(testLease)
	after := &Fence{AfterSilence: true}
	for name, tc := range map[string]struct {
		live  Live
		after time.Duration
		want  Standing
		turns time.Duration // after the sight; 0: never
	}{
		"renews":                        {Live{}, 0, Renewing, wait},
		"renews until the wait is over": {Live{}, wait - 1, Renewing, wait},
		"silent":                        {Live{}, wait, Silent, 0},
		"released":                      {Live{Released: true}, 0, Over, 0},
		"fenced":                        {Live{Fence: &Fence{}}, 0, Over, 0},
		"announced, still there":        {Live{Restarting: true}, 0, Returning, testRules.HoldDown},
		"announced, silent":             {Live{Restarting: true}, wait, Returning, testRules.HoldDown},
		"announced, hold-down over":     {Live{Restarting: true}, testRules.HoldDown, Silent, 0},
		"released for a restart":        {Live{Released: true, Restarting: true}, testRules.HoldDown - 1, Returning, testRules.HoldDown},
		"did not come back":             {Live{Released: true, Restarting: true}, testRules.HoldDown, Over, 0},
		"fenced after silence":          {Live{Fence: after, Restarting: true}, 0, Returning, testRules.HoldDown},
		"fenced as it was stuck":        {Live{Fence: &Fence{}, Restarting: true}, 0, Over, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := witnessed(tc.live)
			now := atFirst.Add(tc.after)
			require.Equal(t, tc.want, w.Standing(now, testRules))
			turns := w.Turns(now, testRules)
			if tc.turns == 0 {
				require.True(t, turns.IsZero())
				return
			}
			require.Equal(t, atFirst.Add(tc.turns), turns)
			require.NotEqual(t, tc.want, w.Standing(turns, testRules), "it turns then")
		})
	}
	require.Equal(t, Missing, Witness{}.Standing(atFirst, testRules))
	require.Equal(t, Over, witnessed(Live{Released: true, Restarting: true}).Standing(atFirst, Rules{HoldDown: Off}), "nothing is reserved")
}

// Nobody is silent before the grace has ended, and the standing turns then.
//
// hazard 56
func TestWitness_Grace(t *testing.T) {
	wait := testRules.Wait(testLease)
	for grace, silent := range map[time.Duration]time.Duration{0: wait, wait - 1: wait, wait: wait, wait + 1: wait + 1, time.Hour: time.Hour} {
		r := testRules
		r.Grace = atFirst.Add(grace)
		w := witnessed(Live{})
		require.Equal(t, atFirst.Add(silent), w.Turns(atFirst, r))
		require.Equal(t, Renewing, w.Standing(atFirst.Add(silent-1), r))
		require.Equal(t, Silent, w.Standing(atFirst.Add(silent), r))
	}
}

// hazard 19
func TestRules_WaitOutlastsTheSlowestClock(t *testing.T) {
	for _, lease := range []time.Duration{1, time.Second, 1500 * time.Millisecond, time.Hour} {
		wait := Rules{Drift: MinClockDrift}.Wait(lease)
		slow := time.Duration(float64(lease) * 1.04 / 0.96) // my clock 4 % fast, the owner's 4 % slow
		require.GreaterOrEqual(t, wait, slow)
	}
}

func TestWitness_WhatMatters(t *testing.T) {
	base := Live{Session: "s", Applied: 3}
	for name, tc := range map[string]struct {
		next           Live
		differs, frees bool
	}{
		"a heartbeat":     {Live{Session: "s", Applied: 3, Beat: 9}, false, false},
		"applied":         {Live{Session: "s", Applied: 4}, false, true},
		"holds":           {Live{Session: "s", Applied: 3, Held: []PartitionID{"p"}}, false, true},
		"another":         {Live{Session: "t", Applied: 3}, true, true},
		"released":        {Live{Session: "s", Applied: 3, Released: true}, true, true},
		"drains":          {Live{Session: "s", Applied: 3, Draining: true}, true, true},
		"announces":       {Live{Session: "s", Applied: 3, Restarting: true}, true, true},
		"asks to refresh": {Live{Session: "s", Applied: 3, Refresh: 1}, true, true},
		"writes off":      {Live{Session: "s", Applied: 3, Abandoned: []Abandoned{{Partition: "p", Token: 1, Step: 1}}}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w, next := Witness{Revision: 1, Live: base}, Witness{Revision: 2, Live: tc.next}
			require.Equal(t, tc.differs, w.Differs(next))
			require.Equal(t, tc.frees, w.Frees(next))
		})
	}
}
