package partition

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// weather is what a worker hears of its store, by the second: - it failed, + it
// answered, ? the lease is in doubt, r the worker resumes. What is due in between
// elapses. It returns what changed, and when.
func weather(o *Outage, facts string, until int) string {
	var said []string
	was := false
	note := func(at time.Time) {
		if o.Degraded() != was {
			was = !was
			said = append(said, fmt.Sprintf("%v %v", at.Sub(atFirst), map[bool]string{true: "enters", false: "leaves"}[was]))
		}
	}
	elapse := func(until time.Time) {
		for next := o.Next(); !next.IsZero() && !next.After(until); next = o.Next() {
			if level := o.Elapse(next); level != Silence {
				said = append(said, fmt.Sprintf("%v %s", next.Sub(atFirst), level))
			}
			note(next)
		}
	}
	for _, fact := range strings.Fields(facts) {
		var second int
		var what string
		_, _ = fmt.Sscanf(fact, "%d%s", &second, &what)
		at := atFirst.Add(time.Duration(second) * time.Second)
		elapse(at)
		switch what {
		case "-":
			o.Failed(at)
		case "+":
			if o.Answered(at) {
				said = append(said, fmt.Sprintf("%v recovers", at.Sub(atFirst)))
			}
		case "?":
			o.Doubted(at)
		case "r":
			o.Resume()
		}
		note(at)
	}
	elapse(atFirst.Add(time.Duration(until) * time.Second))
	return strings.Join(said, ", ")
}

// hazard 56
func TestOutage(t *testing.T) {
	exclusive := Default() // suspect after 2.5 s; leaves after 5 s
	available := exclusive
	available.Ownership = Available // 10 s, or 5 failures within 30 s
	for name, c := range map[string]struct {
		settings Settings
		facts    string
		until    int
		want     string
	}{
		"one failure":                  {exclusive, "1- 2+", 60, ""},
		"doubt":                        {exclusive, "3?", 20, "3s enters"},
		"doubt, answered":              {exclusive, "3? 4+", 20, "3s enters, 4s recovers, 9s leaves"},
		"no lease":                     {exclusive, "1- 2- 3-", 20, "3.5s enters"},
		"no lease, answered":           {exclusive, "1- 2- 3+ 4- 5-", 6, ""},
		"it answers now and then":      {exclusive, "3? 4+ 6- 7+ 10- 11+ 14-", 29, "3s enters, 4s recovers, 7s recovers, 11s recovers"},
		"healthy on the edge":          {exclusive, "3? 4+ 9-", 12, "3s enters, 4s recovers, 9s leaves, 11.5s enters"},
		"failures do not count":        {exclusive, "1- 2+ 3- 4+ 5- 6+ 7- 8+ 9- 10+", 60, ""},
		"in doubt and answered":        {exclusive, "1? 2+ 3?", 30, "1s enters, 2s recovers"},
		"resumes":                      {exclusive, "1? 2+ 2r", 60, "1s enters, 2s recovers, 2s leaves"},
		"resumes for too short":        {exclusive, "1? 2+ 2r 4- 40+", 60, "1s enters, 2s recovers, 2s leaves, 6.5s enters, 31s info, 40s recovers, 45s leaves"},
		"resumes for long":             {exclusive, "1? 2+ 2r 8- 40+", 60, "1s enters, 2s recovers, 2s leaves, 10.5s enters, 40s recovers, 40.5s info, 45s leaves"},
		"available, doubt":             {available, "3? 4+", 60, "4s recovers"},
		"available, one failure":       {available, "3? 4-", 13, ""},
		"available, long":              {available, "3? 4-", 20, "14s enters"},
		"available, long and answered": {available, "4- 13+ 14- 23+", 60, ""},
		"available, often":             {available, "1- 2+ 3- 4+ 5- 6+ 7- 8+ 9- 10+", 60, "9s enters, 10s recovers, 15s leaves"},
		"available, seldom":            {available, "1- 2+ 10- 11+ 20- 21+ 30- 31+ 40- 41+ 50- 51+", 90, ""},
		"available, often enough":      {available, "1- 2+ 10- 11+ 18- 19+ 25- 26+ 31- 32+", 33, "31s enters, 32s recovers"},
		"available, begins anew":       {available, "1- 2- 3- 4- 5- 6+ 12- 13+", 60, "5s enters, 6s recovers, 11s leaves"},
	} {
		t.Run(name, func(t *testing.T) {
			o := NewOutage(c.settings)
			require.Equal(t, c.want, weather(&o, c.facts, c.until))
		})
	}
}

func TestOutage_Alerts(t *testing.T) {
	for name, c := range map[string]struct {
		alerts AlertTimes
		until  int
		want   string
	}{
		"default": {Default().Alerts, 800, "30s info, 1m30s info, 2m0s warn, 3m0s warn, 4m0s warn, 5m0s error, 6m0s error, 7m0s error, " +
			"8m0s error, 9m0s error, 10m0s critical, 11m0s critical, 12m0s critical, 13m0s critical"},
		"no repetition": {AlertTimes{30e9, 120e9, 300e9, 600e9, Off}, 4000, "30s info, 2m0s warn, 5m0s error, 10m0s critical"},
		"only critical": {AlertTimes{Off, Off, Off, 600e9, 300e9}, 1300, "10m0s critical, 15m0s critical, 20m0s critical"},
		"a level off":   {AlertTimes{30e9, Off, 100e9, Off, 60e9}, 200, "30s info, 1m30s info, 1m40s error, 2m40s error"},
		"off":           {AlertTimes{Off, Off, Off, Off, 60e9}, 4000, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := Default()
			s.Alerts = c.alerts
			require.NoError(t, s.Validate())
			o := NewOutage(s)
			require.Equal(t, c.want, strings.TrimPrefix(strings.TrimPrefix(weather(&o, "0?", c.until), "0s enters"), ", "))
		})
	}
}

// Whoever was paused says the level of now, once.
func TestOutage_AlertsThatWereMissed(t *testing.T) {
	o := NewOutage(Default())
	o.Doubted(atFirst)
	require.Equal(t, AlertError, o.Elapse(atFirst.Add(7*time.Minute)))
	require.Equal(t, atFirst.Add(8*time.Minute), o.Next())
	require.Equal(t, []string{"silence", "info", "warn", "error", "critical", "unknown"}, func() (names []string) {
		for l := Silence; l <= AlertCritical+1; l++ {
			names = append(names, l.String())
		}
		return names
	}())
}
