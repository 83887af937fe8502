package scenario

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// rowsApart are rows of the holder's table that no play takes, each with the reason. A play
// delays the mail that something is to overtake.
var rowsApart = map[string]string{}

// untold are the rows that no play takes and that have no reason, and the reasons of rows
// that one takes, or that there are not.
func untold(rows []string, taken map[string]bool, apart map[string]string) (wrong []string) {
	for _, row := range rows {
		if _, reasoned := apart[row]; taken[row] == reasoned {
			wrong = append(wrong, row)
		}
	}
	for row := range apart {
		if !slices.Contains(rows, row) {
			wrong = append(wrong, row)
		}
	}
	return wrong
}

func TestUntold(t *testing.T) {
	rows := []string{"a: x", "a: y", "b: x", "b: y"}
	require.Equal(t, []string{"a: y", "b: y"}, untold(rows, map[string]bool{"a: x": true, "b: y": true}, map[string]string{"b: x": "why", "b: y": "not any more"}))
	require.Equal(t, []string{"c: x"}, untold(nil, nil, map[string]string{"c: x": "no row"}))
}
