package partition

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// drive takes steps until there is none, and returns them. Owners let go at once.
func drive(t *testing.T, table Table, target Target, f Facts) []Publish {
	var steps []Publish
	for {
		o := Next(table, 2, target, f)
		if o.Publish == nil {
			require.Zero(t, o.Outstanding)
			return steps
		}
		require.LessOrEqual(t, len(o.Publish.Table.Assignments()), SeatsPerPublish)
		require.LessOrEqual(t, len(o.Publish.Fences), FencesPerPublish)
		table = o.Publish.Table
		steps = append(steps, *o.Publish)
		for _, x := range o.Publish.Fences {
			w := f.Roster[x.Worker]
			f.Roster[x.Worker], _ = w.See(x.Worker, x.Live, w.Revision+1, f.Now)
		}
		for id, w := range f.Roster {
			if !w.Live.Ended() {
				w.Live.Applied = table.Step
				f.Roster[id] = w
			}
		}
		require.Less(t, len(steps), 20)
	}
}

// crowd is a target of many workers, each with one partition, all of them seen.
func crowd(n int) (Target, Roster) {
	target, roster := Target{Set: manyPartitions(n), Owner: make([]int32, n)}, Roster{}
	for k := range n {
		w := WorkerIDAt("w", k)
		roster.show(w, Live{Session: SessionID(fmt.Sprintf("s%d", k))})
		target.Seats = append(target.Seats, TargetSeat{Worker: w, Session: roster[w].Live.Session})
		target.Owner[k] = int32(k)
	}
	return target, roster
}

func owns(t *testing.T, table Table, target Target) {
	require.Len(t, table.Rows, len(target.Owner))
	for k, r := range table.Rows {
		require.Equal(t, target.Seats[target.Owner[k]].Worker, table.Seats[r.Seat].Worker)
		require.Zero(t, r.Revoking)
		require.Equal(t, None, r.Pending)
	}
}

func TestNext_LargeGroupsTakeSeveralSteps(t *testing.T) {
	const n = 2*SeatsPerPublish + 100
	target, roster := crowd(n)
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}
	steps := drive(t, Table{}, target, facts)
	require.Len(t, steps, 3)
	table := steps[2].Table
	owns(t, table, target)

	for k := range target.Owner { // everything moves on by one
		target.Owner[k] = int32((k + 1) % n)
	}
	steps = drive(t, table, target, facts)
	owns(t, steps[len(steps)-1].Table, target)
	require.Zero(t, steps[0].Moves, "revokes first")
}

func TestNext_ManySilentOnesTakeSeveralSteps(t *testing.T) {
	const n = 2*FencesPerPublish + 100
	target, roster := crowd(n)
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}
	steps := drive(t, Table{}, target, facts)
	facts.Now = atFirst.Add(testRules.Wait(testLease))
	roster.show("w-0", Live{Session: "s0"}, testRules.Wait(testLease))
	target.Seats = target.Seats[:1]
	clear(target.Owner)
	for w := range 500 { // these never had a seat
		roster.show(WorkerIDAt("x", w), Live{Session: "s"})
	}
	steps = drive(t, steps[2].Table, target, facts)
	last := steps[len(steps)-1].Table
	owns(t, last, target)
	require.Len(t, last.Seats, 1)
	fences := 0
	for _, p := range steps {
		fences += len(p.Fences)
	}
	require.Equal(t, n-1+500, fences)
}

// What the last session of a worker cannot be fenced for yet is not given away either.
func TestNext_SilentBeyondTheLimitKeepWhatTheyHave(t *testing.T) {
	wait, last := testRules.Wait(testLease), FencesPerPublish+1
	target, roster := crowd(last + 1)
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster}
	steps := drive(t, Table{}, target, facts)
	for k := 1; k < last; k++ {
		delete(roster, WorkerIDAt("w", k))
	}
	roster.show(WorkerIDAt("w", last), Live{Session: "t"})
	roster.show("w-0", Live{Session: "s0"}, wait)
	facts.Now, target.Seats = atFirst.Add(wait), target.Seats[:1]
	clear(target.Owner)
	table := steps[len(steps)-1].Table
	for range 3 { // the first ones tell w-0 what it will get
		o := Next(table, 3, target, facts)
		require.Len(t, o.Publish.Fences, FencesPerPublish)
		require.Empty(t, o.Publish.Freed)
		require.Equal(t, last, o.Outstanding)
		table = o.Publish.Table
	}
}

// A restart of everybody: the new sessions take the seats, and no partition comes
// with an old token.
func TestNext_EverybodyRestarts(t *testing.T) {
	const n = SeatsPerPublish + 50
	target, roster := crowd(n)
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}
	steps := drive(t, Table{}, target, facts)
	table := steps[len(steps)-1].Table
	for k := range target.Seats {
		s := &target.Seats[k]
		roster.show(s.Worker, Live{Session: "new" + s.Session, Predecessor: s.Session, PredecessorReleased: true})
		s.Session = "new" + s.Session
		target.Owner[k] = int32((k + 7) % n)
	}
	steps = drive(t, table, target, facts)
	for _, p := range steps {
		for _, r := range p.Table.Rows {
			if r.Seat != None && p.Table.Seats[r.Seat].Session[0] == 'n' {
				require.Greater(t, r.Token, Token(table.Step))
			}
		}
	}
	owns(t, steps[len(steps)-1].Table, target)
}

func TestPublish_JournalHasALimit(t *testing.T) {
	p := Publish{Table: Table{Version: 2, Step: 3, Term: 4}, Moves: make([]Move, MaxJournalMoves+5), Revokes: 2}
	for i := range p.Moves {
		p.Moves[i] = Move{Partition: "p", From: "w-1", To: "w-2", Why: OverTheBand.String()}
	}
	p.Moves[MaxJournalMoves+1].Why = PinnedThere.String()
	for range maxJournalFences + 3 {
		p.Fences = append(p.Fences, SessionFence{"w-1", 7, Live{Session: "s", Fence: &Fence{AfterSilence: true}}})
	}
	p.Freed = []Freed{{By: FreedByAck}, {By: FreedByFence}, {By: FreedByAck}}
	j := p.Journal("w-0", "crash", nil, Measure{Moves: 7})
	require.Len(t, j.Moves, MaxJournalMoves)
	require.Equal(t, 5, j.More)
	require.Equal(t, "session s of w-1 is fenced at revision 7: it was silent for longer than its lease", j.Evidence[0])
	require.Equal(t, []string{"3 more sessions are fenced", "4 more moves: over the band", "1 more moves: pinned", "2 freed by ack", "1 freed by fence", "2 are to be let go"}, j.Evidence[maxJournalFences:])
	require.Equal(t, Journal{Version: 2, Step: 3, Term: 4, Leader: "w-0", Cause: "crash", Measure: Measure{Moves: 7}}, Journal{
		Version: j.Version, Step: j.Step, Term: j.Term, Leader: j.Leader, Cause: j.Cause, Measure: j.Measure,
	})
	p.Moves[7].Partition = PartitionID(strings.Repeat("x", maxJournalBytes))
	require.Len(t, p.Journal("w-0", "crash", nil, Measure{}).Moves, 7, "long names count")
}

// A seat that drains does so in rounds: what it was told to let go of is granted by
// the publish that begins the next round.
func TestNext_DrainsInRounds(t *testing.T) {
	const n, round = 10, 4
	for name, c := range map[string]struct {
		drains bool
		round  int
		want   []int // revokes of each publish
	}{
		"rounds":     {true, round, []int{4, 4, 2, 0}},
		"all":        {true, Off, []int{10, 0}},
		"a decision": {false, round, []int{10, 0}}, // that moves all, for another reason
	} {
		t.Run(name, func(t *testing.T) {
			table, roster, _ := group()
			set := manyPartitions(n)
			table.Rows = nil
			for _, id := range set.IDs {
				table.Rows = append(table.Rows, Row{Partition: id, Entered: 1, Token: 2, Seat: 1, Pending: None})
			}
			roster.show("w-1", Live{Session: "s1", Draining: c.drains})
			target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1", Drains: c.drains}}, Owner: make([]int32, n)}
			rules := testRules
			rules.DrainRound = c.round
			var revokes []int
			for _, p := range drive(t, table, target, Facts{Now: atFirst, Rules: rules, Roster: roster, Since: atFirst}) {
				revokes = append(revokes, p.Revokes)
				if k := len(revokes); k > 1 {
					require.Len(t, p.Moves, c.want[k-2], "the round before")
				}
			}
			require.Equal(t, c.want, revokes)
		})
	}
}

// What was told in a round and is awaited still counts: only as many follow as came.
func TestNext_ARoundIsNeverLarger(t *testing.T) {
	table, roster, _ := group()
	rules := testRules
	rules.DrainRound = 2
	set := manyPartitions(5)
	table.Rows = nil
	for i, id := range set.IDs {
		r := Row{Partition: id, Entered: 1, Token: 2, Seat: 1, Pending: None}
		if i < 2 {
			r.Revoking, r.Pending = 7, 0
		}
		table.Rows = append(table.Rows, r)
	}
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1", Drains: true}}, Owner: make([]int32, 5)}
	facts := Facts{Now: atFirst, Rules: rules, Roster: roster, Since: atFirst}
	roster.show("w-1", Live{Session: "s1", Applied: 7, Held: set.IDs[:2]})
	o := Next(table, 3, target, facts)
	require.Nil(t, o.Publish)
	require.Equal(t, 5, o.Outstanding)
	require.Equal(t, 2, o.Waiting, "what was not told yet is not awaited")
	roster.show("w-1", Live{Session: "s1", Applied: 7, Held: set.IDs[:1]})
	o = Next(table, 3, target, facts)
	require.Equal(t, 1, o.Publish.Revokes)
	require.Len(t, o.Publish.Moves, 1)
	roster.show("w-1", Live{Session: "s1", Applied: 7})
	target.Seats[1].Drains = false
	require.Equal(t, 3, Next(table, 3, target, facts).Publish.Revokes)
}
