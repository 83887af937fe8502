package partition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// accounts is a table in which worker w-0 has a, w-0 is to let b go to w-1, and nobody
// has c.
func accounts() Table {
	return Table{
		Version: 4, Step: 9,
		Seats: []Seat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}},
		Rows: []Row{
			{Partition: "a", Entered: 2, Token: 5, Seat: 0, Pending: None},
			{Partition: "b", Entered: 2, Token: 5, Revoking: 9, Seat: 0, Pending: 1},
			{Partition: "c", Entered: 3, Seat: None, Pending: None},
			{Partition: "d", Entered: 2, Token: 5, Revoking: 9, Seat: 0, Pending: None},
		},
	}
}

func TestAccount(t *testing.T) {
	fence := func(silent bool) *Fence { return &Fence{Term: 8, AfterSilence: silent} }
	off := Abandoned{Partition: "b", Token: 5, Step: 9}
	for name, c := range map[string]struct {
		live  Live
		id    PartitionID
		waits string
	}{
		"at rest":                    {Live{Session: "s0", Applied: 9}, "a", ""},
		"not acknowledged":           {Live{Session: "s0", Applied: 4}, "a", "w-0 has not acknowledged step 5 yet (it applied 4 at revision 7)"},
		"quarantined":                {Live{Session: "s0", Applied: 9, Quarantined: []PartitionID{"a"}}, "a", "w-0 owns it and does not work on it: it is quarantined there (revision 7)"},
		"the revoke is not heard of": {Live{Session: "s0", Applied: 8}, "b", "w-0 has not acknowledged yet that it is to let go, by step 9 (it applied 8 at revision 7)"},
		"it works on":                {Live{Session: "s0", Applied: 9, Held: []PartitionID{"b"}}, "b", "w-0 still works on it (revision 7): it was told to let go by step 9"},
		"written off":                {Live{Session: "s0", Applied: 9, Abandoned: []Abandoned{off}}, "b", "w-0 has written it off (revision 7), as its handler did not stop: a lease has to end"},
		"let go":                     {Live{Session: "s0", Applied: 9}, "b", "w-0 has let go of it (revision 7): the next publish gives it away"},
		"to nobody":                  {Live{Session: "s0", Applied: 9, Held: []PartitionID{"d"}}, "d", "nobody is named who will get it"},
		"no record":                  {Live{}, "a", "w-0 has no record: its session is fenced, and its lease has to end"},
		"replaced":                   {Live{Session: "new"}, "a", "session s0 of w-0 was replaced at revision 7: its lease has to end"},
		"replaced after its release": {Live{Session: "new", Predecessor: "s0", PredecessorReleased: true}, "a", "session s0 of w-0 was released: the next publish gives it away"},
		"fenced after silence":       {Live{Session: "s0", Fence: fence(true)}, "a", "session s0 of w-0 was fenced after silence by term 8: the next publish gives it away"},
		"fenced":                     {Live{Session: "s0", Fence: fence(false)}, "b", "session s0 of w-0 was fenced by term 8: its lease has to end"},
		"it comes back":              {Live{Session: "s0", Released: true, Restarting: true}, "a", "w-0 announced to come back (revision 7): it is kept for it until RestartHoldDown is over"},
		"released":                   {Live{Session: "s0", Released: true}, "a", "session s0 of w-0 was released at revision 7: the next publish gives it away"},
	} {
		t.Run(name, func(t *testing.T) {
			roster := Roster{"w-0": {Worker: "w-0", Live: c.live, Revision: 7}}
			if c.live.Session == "" {
				roster = nil
			}
			a := accounts().Account(c.id, roster)
			require.Equal(t, WorkerID("w-0"), a.Owner)
			require.Equal(t, Token(5), a.Token)
			if c.waits == "" {
				require.Empty(t, a.Waits)
				return
			}
			require.Contains(t, a.Waits, c.waits)
		})
	}
}

func TestAccount_WithoutAnOwner(t *testing.T) {
	abandons := Live{Session: "s1", Abandoned: []Abandoned{{Partition: "c", Token: 1}}}
	a := accounts().Account("c", Roster{"w-1": {Worker: "w-1", Live: abandons, Revision: 7}})
	require.Equal(t, Account{
		Partition: "c", Version: 4, Step: 9, Entered: 3,
		Waits: []string{"nobody owns it", "w-1 cannot have it: an old handler of it still runs there (revision 7)"},
	}, a)
	require.Equal(t, "c has no owner at step 9 (version 4). Waits: nobody owns it. "+
		"Waits: w-1 cannot have it: an old handler of it still runs there (revision 7).", a.String())
	abandons.Released = true
	a = accounts().Account("c", Roster{"w-1": {Worker: "w-1", Live: abandons, Revision: 7}})
	require.Equal(t, []string{"nobody owns it"}, a.Waits, "who has ended gets nothing anyway")
	a = accounts().Account("x", nil)
	require.True(t, a.Gone)
	require.Equal(t, "x is not in the table of step 9 (version 4).", a.String())
}

func TestAccount_Cites(t *testing.T) {
	granted := Journal{
		Version: 2, Step: 5, Term: 3, Leader: "w-0", Cause: "crash", Evidence: []string{"session s2 of w-2 was silent"},
		Moves: []Move{{Partition: "a", To: "w-0"}, {Partition: "b", From: "w-2", To: "w-0", Why: "owner gone", By: FreedByFence, Revision: 6, Kept: "x"}},
	}
	revoked := Journal{Version: 4, Step: 9, Leader: "w-0", Cause: "join", Evidence: []string{"1 are to be let go"}, Kept: "x"}
	a := accounts().Account("b", Roster{"w-0": {Worker: "w-0", Live: Live{Session: "s0", Applied: 8}, Revision: 7}})
	a.Cite(Journal{})
	a.Cite(Journal{Step: 1005}) // a later one has the place
	require.Contains(t, a.String(), "The journal does not have that step.")
	a.Cite(granted)
	a.Cite(revoked)
	require.Equal(t, "b is owned by w-0 (session s0) since step 5, its token. It was granted with version 2 of w-0 (term 3): crash "+
		"(session s2 of w-2 was silent). Why: owner gone, from w-2, which had let go (fence, revision 6). "+
		"It was told to let go by step 9, version 4, of w-0: join (1 are to be let go). w-1 is to get it. "+
		"Waits: w-0 has not acknowledged yet that it is to let go, by step 9 (it applied 8 at revision 7).", a.String())
	require.Empty(t, a.Granted.Moves)
	require.Equal(t, Move{Partition: "b", From: "w-2", To: "w-0", Why: "owner gone", By: FreedByFence, Revision: 6}, a.Move)

	granted.Moves, granted.More = nil, 3000
	b := accounts().Account("b", nil)
	b.Cite(granted)
	require.Contains(t, b.String(), "more moves than it lists")
}
