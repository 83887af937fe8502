package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// seen makes what a terminal does visible: ⎋ is the beginning of a command.
func seen(out *strings.Builder) string {
	defer out.Reset()
	return strings.ReplaceAll(out.String(), "\x1b", "⎋")
}

// shared is a board on which one worker has all three partitions but the last.
func shared() *board {
	b := newBoard([]partition.PartitionID{"a", "b", "c"}, func(string) {})
	r := b.rowOf(&worker{})
	r.id, r.state, r.leads = "worker-0", messages.Stable, true
	for _, id := range []partition.PartitionID{"a", "b"} {
		b.cell[id].owner = r
	}
	return b
}

// The second drawing goes up as many lines as the first has, and clears what is
// left of each of them, and below.
func TestScreen_DrawsInPlace(t *testing.T) {
	var out strings.Builder
	s := newScreen(&out, 80, 24, "Troupe", false)
	b := shared()
	s.act("An act")
	s.say(1500*time.Millisecond, "worker-0 takes a b")
	s.draw(b, false)
	require.Equal(t, `⎋[?25l⎋[K
  Troupe⎋[K
⎋[K
  ★ leads                   a b c ⎋[K
  ★ worker-0    Stable      a b ·   2⎋[K
    nobody                  · · c   1⎋[K
⎋[K
  An act⎋[K
     1.50 s  worker-0 takes a b⎋[K
⎋[J`, seen(&out))

	b.cell["c"].owner = b.rows[0]
	s.act("Another")
	s.draw(b, true)
	require.Equal(t, `⎋[9A`+"\r"+`⎋[K
  Troupe⎋[K
⎋[K
  ★ leads                   a b c ⎋[K
  ★ worker-0    Stable      a b c   3⎋[K
⎋[K
  Another⎋[K
⎋[J`, seen(&out))

	s.draw(b, true)
	s.end()
	again := seen(&out)
	require.True(t, strings.HasPrefix(again, "⎋[7A\r⎋[K\n"), "%q", again)
	require.True(t, strings.HasSuffix(again, "⎋[J⎋[?25h"), "%q", again)
}

// A line that the terminal breaks, or a frame that it scrolls away, would leave the
// next one in the wrong place.
func TestScreen_FitsTheTerminal(t *testing.T) {
	for what, rows := range map[string]int{"many lines said": 1, "many workers": 40} {
		t.Run(what, func(t *testing.T) {
			var out strings.Builder
			s := newScreen(&out, leastWidth, leastHeight, "Troupe", false)
			b := shared()
			for len(b.rows) < rows {
				b.rowOf(&worker{})
			}
			for range 30 {
				s.say(time.Second, strings.Repeat("word ", 40))
			}
			for range 2 {
				s.draw(b, false)
				text := seen(&out)
				require.Equal(t, s.drawn, strings.Count(text, "\n"))
				require.Less(t, s.drawn, leastHeight)
				for line := range strings.Lines(text) {
					line = strings.TrimSuffix(line, "⎋[K\n")
					require.Less(t, utf8.RuneCountInString(line[strings.LastIndex(line, "\r")+1:]), leastWidth)
				}
			}
		})
	}
}

// Each worker has its colour; what has just moved flashes; what nobody owns is red.
func TestScreen_Colours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		s := newScreen(&out, 80, 24, "Troupe", true)
		b := shared()
		b.cell["b"].since = time.Now().Add(-flash)
		out.Reset()
		s.draw(b, false)
		text := seen(&out)
		for name, want := range map[string]string{
			"a title is bold":             "⎋[1mTroupe⎋[0m",
			"a has just moved":            "⎋[1;38;5;16;48;5;231ma⎋[0m ",
			"b is at rest":                "⎋[38;5;16;48;5;75mb⎋[0m ",
			"nobody is an alarm":          "⎋[1;31m  nobody                  ⎋[0m",
			"what nobody has is an alarm": "⎋[1;97;41mc⎋[0m ",
			"other cells are faint":       "⎋[2m· ⎋[0m",
		} {
			require.Contains(t, text, want, name)
		}
	})
}

func TestFits(t *testing.T) {
	for name, c := range map[string]struct {
		terminal      bool
		kind          string
		plain         bool
		width, height int
		table         bool
	}{
		"a terminal":                {true, "xterm", false, 120, 40, true},
		"a terminal of no name":     {true, "", false, 120, 40, true},
		"a terminal that just fits": {true, "xterm", false, 80, 20, true},
		"too narrow":                {true, "xterm", false, 79, 20, false},
		"too low":                   {true, "xterm", false, 80, 19, false},
		"of no size":                {true, "xterm", false, 0, 0, false},
		"a file or a pipe":          {false, "xterm", false, 120, 40, false},
		"a dumb terminal":           {true, "dumb", false, 120, 40, false},
		"-plain in a terminal":      {true, "xterm", true, 120, 40, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.table, fits(c.terminal, c.kind, c.plain, c.width, c.height))
		})
	}
}
