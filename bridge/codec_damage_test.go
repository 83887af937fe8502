package bridge

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

// parts are the messages of a large record, as a watch sees them from a sequence on.
func parts(t *testing.T, first uint64) []Sight {
	t.Helper()
	split, err := split(messages.KeyAssignment("w"), big(1, 12_000))
	require.NoError(t, err)
	require.Greater(t, len(split), 2)
	var out []Sight
	for i, p := range split {
		out = append(out, Sight{Subject: p.name, Sequence: first + uint64(i), Data: p.data})
	}
	return out
}

// The revision of a fault is that of part 0: whoever writes the record anew sets
// the condition on that.
//
// hazard 54
func TestCodec_DamagedParts(t *testing.T) {
	garbage := []byte("\xff\xff")
	for name, c := range map[string]struct {
		damage   func([]Sight) []Sight
		revision int
		fault    string // empty: the record is whole
	}{
		"the first":  {func(s []Sight) []Sight { s[0].Data = garbage; return s }, 10, "cannot parse"},
		"the second": {func(s []Sight) []Sight { s[1].Data, s[1].Sequence = garbage, 90; return s }, 10, "cannot parse"},
		"one behind the last": {func(s []Sight) []Sight {
			return append(s, Sight{Subject: "asg.w.77", Sequence: 90, Data: garbage})
		}, 10, ""},
		"one that is a copy of another": {func(s []Sight) []Sight { s[1].Data = s[0].Data; return s }, 10, "says that it is part 0"},
		"one that was cut":              {func(s []Sight) []Sight { s[1].Data = s[1].Data[:len(s[1].Data)/2]; return s }, 10, "cannot parse"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEntries("")
			var last messages.Entry
			for _, s := range c.damage(parts(t, 10)) {
				if got, told := e.add(s); told {
					last = got
				}
			}
			require.EqualValues(t, c.revision, last.Revision)
			if c.fault == "" {
				require.Equal(t, big(1, 12_000), last.Record)
				return
			}
			require.Contains(t, last.Fault, c.fault)
			require.Nil(t, last.Record)
			require.False(t, last.Newer)
		})
	}
}

// A first part that speaks of more parts than there are is a fault for who reads
// once, and says nothing to who goes on watching.
func TestCodec_TornRecord(t *testing.T) {
	e := newEntries("")
	for _, s := range parts(t, 10)[:2] {
		_, told := e.add(s)
		require.False(t, told)
	}
	found := map[messages.Key]messages.Entry{}
	e.torn(found)
	require.Contains(t, found[messages.KeyAssignment("w")].Fault, "different records")
	require.EqualValues(t, 10, found[messages.KeyAssignment("w")].Revision)

	e = newEntries("")
	e.add(parts(t, 10)[1])
	found = map[messages.Key]messages.Entry{}
	e.torn(found)
	require.Empty(t, found, "without its first part there is nothing")
}

// Bytes that still parse are told from what was written.
func TestCodec_AChangedByteIsAFault(t *testing.T) {
	split, err := split(messages.KeyAssignment("w"), big(1, 2))
	require.NoError(t, err)
	data := split[0].data
	data[len(data)/2] ^= 1 // in the middle of a name
	got, told := newEntries("").add(Sight{Subject: split[0].name, Sequence: 3, Data: data})
	require.True(t, told)
	require.NotEmpty(t, got.Fault)
	require.EqualValues(t, 3, got.Revision)
}

// What others wrote stands in logs and reasons as it was, but cannot forge a line of a
// log, or do something to a screen.
func TestCodec_WhatOthersWroteIsQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"worker-1": "worker-1", "größe 5 °C": "größe 5 °C", "a\nlevel=ERROR": `"a\nlevel=ERROR"`, "\x1b[2J": `"\x1b[2J"`,
		"\u202eabc": `"\u202eabc"`, "\xff": `"\xff"`, "proto:\u00a0x": "proto: x", "tab\there": `"tab\there"`,
		strings.Repeat("x", 119) + "ö": strings.Repeat("x", 119) + "…",
	} {
		require.Equal(t, want, printable(text))
	}
	var told bytes.Buffer
	log := slog.New(slog.NewTextHandler(&told, nil))
	for _, key := range []messages.Key{"live.w\nlevel=ERROR", "asg.\x1b[2J", "lead\u202e"} {
		e := entry(key, 3, time.Time{}, []byte("\xff\n\x1b"))
		require.Contains(t, e.Fault, strconv.Quote(string(key)))
		require.False(t, strings.ContainsFunc(e.Fault, func(r rune) bool { return !unicode.IsPrint(r) }), e.Fault)
		new(faults).note(log, e)
	}
	require.Equal(t, 3, strings.Count(told.String(), "\n"))
}
