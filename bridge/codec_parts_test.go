package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

func TestCodec_WhatIsWrongWithOnePartIsWrongWithTheRecord(t *testing.T) {
	good := parts(t, 10)
	bad := func(s Sight, change func([]byte) []byte) Sight {
		s.Data = change(append([]byte(nil), s.Data...))
		return s
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	for name, tc := range map[string]struct {
		damage func([]Sight)
		fault  string
	}{
		"one that says no schema":     {func(s []Sight) { s[1] = bad(s[1], func(b []byte) []byte { return ofSchema(b, 0) }) }, errEmpty.Error()},
		"one of a schema to come":     {func(s []Sight) { s[1] = bad(s[1], func(b []byte) []byte { return ofSchema(b, 2) }) }, "it has schema 2"},
		"one in which a bit is wrong": {func(s []Sight) { s[1] = bad(s[1], flip) }, errDigest.Error()},
	} {
		list := append([]Sight(nil), good...)
		tc.damage(list)
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
			e := newEntries("")
			var last messages.Entry
			var told bool
			for i := range list {
				if i < len(order) {
					i = order[i]
				}
				last, told = e.add(list[i])
			}
			require.True(t, told, name)
			require.Contains(t, last.Fault, tc.fault, name)
			require.Equal(t, tc.fault == "it has schema 2", last.Newer, name)
			require.EqualValues(t, 10, last.Revision, "%s: that of part 0, on which conditions are set", name)
		}
	}
}
