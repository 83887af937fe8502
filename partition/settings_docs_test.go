package partition

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// docs/tuning.md says what each duration of the settings trades, beside its presets.
func TestSettings_TuningGuideIsComplete(t *testing.T) {
	guide, err := os.ReadFile("../docs/tuning.md")
	require.NoError(t, err)
	presets := []reflect.Value{reflect.ValueOf(Default()), reflect.ValueOf(Fast()), reflect.ValueOf(Conservative())}
	rows := 0
	for _, field := range reflect.VisibleFields(presets[0].Type()) {
		if field.Type != reflect.TypeFor[time.Duration]() {
			continue
		}
		row := fmt.Sprintf("\n| `%s` |", field.Name)
		for _, p := range presets {
			row += " " + terse(p.FieldByIndex(field.Index).Interface().(time.Duration)) + " |"
		}
		require.Contains(t, string(guide), row)
		rows++
	}
	require.Greater(t, rows, 15)
}

// terse leaves out the seconds and minutes of a duration that it has none of.
func terse(d time.Duration) string {
	text := strings.TrimSuffix(d.String(), "m0s")
	if text != d.String() {
		text += "m"
	}
	return text
}

// What README says that an operator may expect is what the settings promise, and what
// docs/capacity.md has measured.
func TestSettings_ReadmeAgrees(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	capacity, err := os.ReadFile("../docs/capacity.md")
	require.NoError(t, err)
	wait := func(s Settings) time.Duration { return s.Wait(s.Lease).Round(time.Millisecond) }
	require.Contains(t, string(readme), fmt.Sprintf("| a worker crashes | `L(1+δ)` = %.1f s | %.2f s |", wait(Default()).Seconds(), wait(Fast()).Seconds()))
	for text, row := range map[string]string{
		"51 writes and 3.3 kB a second, and 3.6 % of a core": "| 50 workers, `Default` | 51 | 3,341 | 1.4 % of a core | 0.12 % | 3.6 % |",
		"40 KiB and three goroutines":                        "| a manager that owns one partition | 40 KiB | 3 |",
	} {
		require.Contains(t, string(readme), text)
		require.Contains(t, string(capacity), row)
	}
}
