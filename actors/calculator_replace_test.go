package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// What a decision moves is on its way as soon as a step of it may be stored. One that replaces it
// goes on with that; if there is none, everything stays where it is, and who joined has what has
// no owner.
func TestCalculator_ReplacesADecision(t *testing.T) {
	for name, c := range map[string]struct {
		steps func(r *reckoning, m messages.HandOver)
		stay  int // of the six of w-1
	}{
		"whose first step is on its way": {func(*reckoning, messages.HandOver) {}, 4},
		"whose steps are rejected": {func(r *reckoning, m messages.HandOver) {
			r.tell(r.pid, messages.StepRejected{Round: m.Round})
		}, 6},
		"after one whose step was rejected": {func(r *reckoning, m messages.HandOver) {
			r.tell(r.pid, messages.StepRejected{Round: m.Round - 1})
		}, 4},
		"whose step is stored at last": {func(r *reckoning, m messages.HandOver) {
			r.tell(r.pid, messages.StepRejected{Round: m.Round})
			r.tell(r.pid, messages.Published{Round: m.Round, Table: r.table, At: r.now})
		}, 4},
		"after a step of another one": {func(r *reckoning, m messages.HandOver) {
			r.tell(r.pid, messages.StepRejected{Round: m.Round})
			r.tell(r.pid, messages.Published{Round: m.Round - 1, Table: r.table, At: r.now})
		}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			r, ask := joining(t)
			r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: partition.Plan{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}})
			c.steps(r, heard[messages.HandOver](t, r.publisher))
			was := r.table
			r.live("w-0", partition.Live{Released: true})
			r.changed()
			r.plan()
			r.hand()
			stay := 0
			for i, row := range r.table.Rows {
				if row.Token == was.Rows[i].Token {
					stay++
				}
			}
			require.Equal(t, c.stay, stay)
			require.Equal(t, map[partition.WorkerID]int{"w-1": 6, "w-2": 6}, r.owned())
		})
	}
}
