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
