package partition

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFailures_Exceed(t *testing.T) {
	const id, second = PartitionID("p"), time.Second
	for name, c := range map[string]struct {
		budget int
		at     []time.Duration
		want   []bool
	}{
		"the third":            {3, []time.Duration{0, second, 59 * second}, []bool{false, false, true}},
		"not within a minute":  {3, []time.Duration{0, second, 60 * second}, []bool{false, false, false}},
		"begins anew":          {2, []time.Duration{0, second, second, second}, []bool{false, true, false, true}},
		"each is too many":     {1, []time.Duration{0, second}, []bool{true, true}},
		"Off":                  {Off, make([]time.Duration, 9), make([]bool, 9)},
		"three, not the first": {3, []time.Duration{0, 30 * second, 61 * second, 62 * second}, []bool{false, false, false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Failures{}
			for i, at := range c.at {
				require.False(t, f.Exceed("another", 100, atFirst.Add(at)))
				exceeds := f.Exceed(id, c.budget, atFirst.Add(at))
				require.Equal(t, c.want[i], exceeds, i)
				if exceeds {
					delete(f, id)
				}
			}
			for i := range 4 {
				require.Equal(t, i >= 2, f.Exceed("kept", 3, atFirst), "until somebody takes note")
			}
			require.False(t, f.Exceed("later", 2, atFirst.Add(time.Hour)))
			require.Len(t, f, 1, "what is old is forgotten")
		})
	}
	require.Equal(t, 10*time.Minute, Default().Quarantine())
	require.Equal(t, MaxDuration, Settings{QuarantineFor: Off}.Quarantine())
}

// poisonCase is a quarantine of p0, which w-0 has under token 5: as the table knows it, and
// as the record of w-0 says.
type poisonCase struct {
	known, said []Poison
	elsewhere   []Poison // in the record of another session of its process
	live        Live
	want        time.Duration
}

func poisonOf(id PartitionID, token Token, left time.Duration) []Poison {
	return []Poison{{Partition: id, Token: token, Left: left}}
}

// A quarantine follows its partition: what its owner said last of it counts, under the
// token that the owner has.
// hazard 42
func TestNext_PoisonIsHandedOn(t *testing.T) {
	const left = 7 * time.Minute
	set := manyPartitions(1)
	id := set.IDs[0]
	of := func(token Token, left time.Duration) []Poison { return poisonOf(id, token, left) }
	for name, c := range map[string]poisonCase{
		"nobody says so":       {},
		"its owner says so":    {said: of(5, left), want: left},
		"it did, and released": {said: of(5, left), live: Live{Released: true}, want: left},
		"it did, and is gone":  {said: of(5, left), live: Live{Fence: &Fence{Term: 9, AfterSilence: true}}, want: left},
		"its successor says":   {said: of(5, left), live: Live{Session: "t0", Predecessor: "s0", PredecessorReleased: true}, want: left},
		"a former owner said":  {said: of(4, left)},
		"the table knows":      {known: of(5, left), want: left},
		"the owner is later":   {known: of(5, left), said: of(5, left/2), want: left / 2},
		"the owner ended it":   {known: of(5, left), said: of(5, 0)},
		"a former one ended":   {known: of(5, left), said: of(4, 0), want: left},
		"the table is old":     {known: of(4, left)},
		"another session says": {known: of(5, left), said: of(5, left), elsewhere: of(5, 0)},
		"it says what was":     {known: of(5, left), said: of(5, 0), elsewhere: of(5, left)},
	} {
		t.Run(name, func(t *testing.T) { c.play(t, set) })
	}
}

func (c poisonCase) play(t *testing.T, set Set) {
	id := set.IDs[0]
	table := Table{
		Version: 2, Step: 7, Seats: []Seat{{Worker: "w-0", Session: "s0", Lease: testLease, Step: 7}}, Poison: c.known,
		Rows: []Row{{Partition: id, Entered: 1, Token: 5, Revoking: 6, Seat: 0, Pending: None}},
	}
	c.live.Poison, c.live.Applied = c.said, 6
	if c.live.Session == "" {
		c.live.Session = "s0"
	}
	roster := Roster{}
	roster.show("w-0", c.live)
	roster.show("w-1", Live{Session: "s1", Poison: c.elsewhere})
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst, Term: 9}
	var want []Poison
	if c.want > 0 {
		want = poisonOf(id, 8, c.want)
	}
	to := Target{Set: set, Seats: []TargetSeat{{Worker: "w-1", Session: "s1"}}, Owner: []int32{0}}
	next := Next(table, 3, to, facts).Publish.Table
	require.Equal(t, Token(8), next.Rows[0].Token)
	require.Equal(t, want, next.Poison)
	require.Equal(t, want, next.Head(nil).Poison)
	require.Equal(t, want, next.Assignments()[next.SeatOf("w-1")].Poison)
	again, err := TableOf(next.Head(nil), map[WorkerID]Assignment{
		"w-0": next.assignments()[next.SeatOf("w-0")], "w-1": next.assignments()[next.SeatOf("w-1")],
	})
	require.NoError(t, err)
	require.Equal(t, want, again.Poison, "who leads next knows it")

	require.Empty(t, Next(table, 3, Target{Seats: to.Seats}, facts).Publish.Table.Poison, "it left the source")
	to.Owner[0], to.Silent = None, []Unheard{{"w-0", roster["w-0"].Revision}}
	for i := range want {
		want[i].Token = 0
	}
	next = Next(table, 3, to, facts).Publish.Table
	require.Equal(t, want, next.Poison, "nobody owns it")
	to.Owner[0] = 0
	facts.Roster["w-0"] = Witness{}
	next = Next(next, 4, to, facts).Publish.Table
	for i := range want {
		want[i].Token = 9
	}
	require.Equal(t, want, next.Poison, "somebody owns it again")
}

func TestFitPoison(t *testing.T) {
	var all []Poison
	for i := range 400 {
		all = append(all, Poison{Partition: PartitionID(fmt.Sprintf("%03d%s", i, strings.Repeat("x", 60))), Token: 1, Left: time.Duration(i%2) * time.Second})
	}
	fit := FitPoison(all)
	require.Len(t, fit, (48<<10)/(2*(63+32)))
	require.Len(t, Unworked(fit), len(fit)-200, "what is over comes first")
	require.Len(t, FitPoison(all[:10]), 10)
	said := []Poison{{Partition: "p", Token: 5, Left: 2}, {Partition: "p", Token: 6, Left: 3}, {Partition: "q", Token: 5, Left: 4}}
	require.Equal(t, []Poison{{Partition: "p", Token: 5}, said[1], said[2]}, EndPoison(said, []Poison{{Partition: "p", Token: 5}}))
	slot := Slot{Worker: "worker-3", Revision: 7, Live: Live{Released: true, Poison: all[:1]}}
	require.Equal(t, all[:1], Claims{Prefix: "worker", Count: 9}.Candidates([]Slot{slot})[0].Poison)
}
