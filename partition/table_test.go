package partition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// shared is a table in which w-0 owns a and b, b on its way to w-1, and nobody c.
func shared() Table {
	t := Table{Version: 3, Step: 9, Term: 2, Nonce: "n", Source: 5, Seats: []Seat{
		{Worker: "w-0", Session: "s0", Step: 9}, {Worker: "w-1", Session: "s1", Step: 4},
	}, Rows: []Row{
		{Partition: "a", Entered: 1, Token: 3, Seat: 0, Pending: None},
		{Partition: "b", Entered: 2, Token: 4, Revoking: 9, Seat: 0, Pending: 1},
		{Partition: "c", Entered: 9, Seat: None, Pending: None},
	}}
	for i, a := range t.assignments() {
		t.Seats[i].Digest = a.Digest()
	}
	return t
}

func (t Table) byWorker() map[WorkerID]Assignment {
	out := map[WorkerID]Assignment{}
	for i, a := range t.assignments() {
		out[t.Seats[i].Worker] = a
	}
	return out
}

func TestTable_RecordsGiveTheTableBack(t *testing.T) {
	table := shared()
	again, err := TableOf(table.Head(nil), table.byWorker())
	require.NoError(t, err)
	require.Equal(t, table, again)
}

func TestTable_Looks(t *testing.T) {
	table := shared()
	w, token, ok := table.Owner("b")
	require.Equal(t, WorkerID("w-0"), w)
	require.Equal(t, Token(4), token)
	require.True(t, ok)
	for _, id := range []PartitionID{"c", "d", ""} {
		_, _, ok = table.Owner(id)
		require.False(t, ok, id)
	}
	require.Equal(t, None, table.SeatOf("w-2"))
	changed := table.Assignments()
	require.Len(t, changed, 1, "only those that this step changed")
	require.Equal(t, []Revoke{{"b", 4, 9, 2}}, changed[0].Revoking)
	require.Equal(t, []PartitionID{"a", "b", "c"}, table.Set().IDs)
}

// hazard 27
func TestTable_WhatDoesNotFitTheHeadIsReadAgain(t *testing.T) {
	for name, change := range map[string]func(asg map[WorkerID]Assignment){
		"missing":         func(asg map[WorkerID]Assignment) { delete(asg, "w-1") },
		"older":           func(asg map[WorkerID]Assignment) { a := asg["w-0"]; a.Step = 8; asg["w-0"] = a },
		"another session": func(asg map[WorkerID]Assignment) { a := asg["w-0"]; a.Session = "s9"; asg["w-0"] = a },
		"another content": func(asg map[WorkerID]Assignment) { a := asg["w-0"]; a.Owned = nil; asg["w-0"] = a },
	} {
		t.Run(name, func(t *testing.T) {
			table := shared()
			asg := table.byWorker()
			change(asg)
			_, err := TableOf(table.Head(nil), asg)
			require.ErrorContains(t, err, "assignment of w-")
		})
	}
	table := shared()
	h := table.Head(nil)
	h.Unowned = append(h.Unowned, Unowned{"a", 1})
	_, err := TableOf(h, table.byWorker())
	require.ErrorContains(t, err, "stands twice")
}

// It would pass for a table in which nobody owns anything.
//
// hazard 54
func TestTable_AHeadWithoutASessionIsForeign(t *testing.T) {
	_, err := TableOf(Head{Version: 1, Step: 2, Term: 1, Nonce: "n"}, nil)
	require.ErrorContains(t, err, "the head of step 2 names no session")
}

func TestAssignment_DigestTellsContentsApart(t *testing.T) {
	base := Assignment{Session: "s", Owned: []Grant{{"a", 1, 1}}}
	seen := map[uint64]Assignment{}
	for _, a := range []Assignment{
		{},
		{Session: "s"},
		base,
		{Session: "s", Owned: []Grant{{"a", 2, 1}}},
		{Session: "s", Owned: []Grant{{"a", 1, 2}}},
		{Session: "s", Revoking: []Revoke{{"a", 1, 1, 1}}},
		{Session: "s", Revoking: []Revoke{{"a", 1, 2, 1}}},
		{Session: "s", Pending: []PartitionID{"a"}},
		{Session: "s", Pending: []PartitionID{"a", "b"}},
		{Session: "s", Pending: []PartitionID{"ab"}},
		{Session: "t", Owned: base.Owned},
	} {
		require.NotContains(t, seen, a.Digest())
		seen[a.Digest()] = a
	}
	other := base
	other.Version, other.Step = 9, 9
	require.Equal(t, base.Digest(), other.Digest(), "version and step apart")
}
