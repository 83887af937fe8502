package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/troupe-actors/troupe/partition"
)

// The least terminal that the table fits in.
const (
	leastWidth  = 80
	leastHeight = 20
)

// How a terminal hides its cursor, shows it again, and clears what is right of it
// and below.
const (
	cursorOff = "\x1b[?25l"
	cursorOn  = "\x1b[?25h"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// flash is how long a partition that has a new owner is shown in another way.
const flash = 800 * time.Millisecond

// screen is the view in a terminal: one table, drawn again and again in place.
type screen struct {
	out           io.Writer
	width, height int
	title         string
	now           string
	log           []string
	drawn         int // lines on the screen now
	colours       bool
}

func newScreen(out io.Writer, width, height int, title string, colours bool) *screen {
	s := &screen{out: out, width: width, height: height, title: title, colours: colours}
	fmt.Fprint(out, cursorOff)
	return s
}

func (s *screen) act(title string) { s.now, s.log = title, nil }

func (s *screen) say(at time.Duration, text string) {
	s.log = append(s.log, fmt.Sprintf("%7.2f s  %s", at.Seconds(), text))
}

func (s *screen) draw(b *board, _ bool) {
	frame := []string{"", "  " + s.ink("1", s.title), ""}
	frame = append(frame, b.table(s.paint())...)
	frame = append(frame, "", "  "+s.ink("1", s.now))
	room := max(1, min(10, s.height-len(frame)-2))
	log := s.log
	if len(log) > room {
		log = log[len(log)-room:]
	}
	for _, line := range log {
		frame = append(frame, s.ink("2", cut("  "+line, s.width-1)))
	}
	frame = frame[:min(len(frame), s.height-1)] // what has left the screen cannot be drawn again
	var out strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA\r", s.drawn)
	}
	for _, line := range frame {
		out.WriteString(line + clearLine + "\n")
	}
	out.WriteString(clearRest)
	s.drawn = len(frame)
	_, _ = io.WriteString(s.out, out.String())
}

func (s *screen) end() { fmt.Fprint(s.out, cursorOn) }

// hues are backgrounds on which black is well read.
var hues = []string{"75", "215", "114", "176", "222", "117", "210", "150"}

func (s *screen) paint() paint {
	hue := func(b *board, r *row) string {
		for i, other := range b.rows {
			if other == r {
				return hues[r.number(i)%len(hues)]
			}
		}
		return hues[0]
	}
	return paint{
		cell: func(b *board, r *row, id partition.PartitionID) string {
			style := "1;97;41"
			if r != nil {
				style = "38;5;16;48;5;" + hue(b, r)
				if time.Since(b.cell[id].since) < flash {
					style = "1;38;5;16;48;5;231"
				}
			}
			return s.ink(style, string(id)) + " "
		},
		name:  func(text string) string { return s.ink("1", text) },
		faint: func(text string) string { return s.ink("2", text) },
		alarm: func(text string) string { return s.ink("1;31", text) },
	}
}

// number tells workers apart by the number in their ID, so that each keeps its
// colour when rows come and go.
func (r *row) number(otherwise int) int {
	n := 0
	_, after, _ := strings.Cut(string(r.id), "-")
	if _, err := fmt.Sscanf(after, "%d", &n); err != nil {
		return otherwise
	}
	return n
}

func (s *screen) ink(style, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// cut shortens a line so that the terminal does not break it.
func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:width-1]) + "…"
}
