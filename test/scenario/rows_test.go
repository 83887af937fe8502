package scenario

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// rowsApart are rows of the holder's table that no play takes, each with the reason. A play
// is at rest when a command comes, so that nothing overtakes what is asked and answered
// within one instant.
var rowsApart = map[string]string{
	"following: HoldFor":    "a session that ends has all dropped before the next one begins",
	"halted: HoldFor":       "a session that ends has all dropped before the next one begins",
	"absent: GetHoldings":   "a session asks nothing after DropAll: only mail that crosses that of the manager",
	"absent: DropHoldings":  "a term ends with its session: only mail that crosses",
	"halted: DropHoldings":  "a leader reads that its head is lost while no heartbeat is accepted: a cut is of both",
	"leaving: DropHoldings": "a stop ends the term first: only mail that crosses",
	"empty: DropHoldings":   "a stop ends the term first: only mail that crosses",
	"absent: Time":          instant, "halted: Time": instant, "leaving: Time": instant, "empty: Time": instant,
	"absent: begun": instant, "halted: begun": instant, "leaving: begun": instant, "empty: begun": instant,
}

const instant = "it is asked, and answered, in the instant in which something fails or starts"

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
