package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// view shows the group to a person.
type view interface {
	// act begins a part of the play.
	act(title string)
	// say adds a line.
	say(at time.Duration, text string)
	// draw shows who owns what now. settled says that it will stay so.
	draw(b *board, settled bool)
	// paint is how pieces of a table look.
	paint() paint
	// end leaves the terminal as it was.
	end()
}

// paint shows a cell and other pieces of a table in a way that the view has.
type paint struct {
	cell  func(b *board, r *row, id partition.PartitionID) string
	name  func(text string) string
	faint func(text string) string
	alarm func(text string) string
}

// table draws one row per worker and one column per partition: a partition is
// where its letter stands.
func (b *board) table(p paint) []string {
	lines := []string{b.head(p, "★ leads")}
	for _, r := range b.rows {
		if r.ours == nil && b.count(r) == 0 {
			continue
		}
		lines = append(lines, b.line(p, r))
	}
	if n := b.count(nil); n > 0 {
		lines = append(lines, "  "+p.alarm(fmt.Sprintf("%-26s", "  nobody"))+b.cells(p, nil)+fmt.Sprintf("%3d", n))
	}
	return lines
}

// head names the columns.
func (b *board) head(p paint, title string) string {
	var head strings.Builder
	for _, id := range b.ids {
		fmt.Fprintf(&head, "%s ", id)
	}
	return p.faint(fmt.Sprintf("  %-26s%s", title, head.String()))
}

func (b *board) line(p paint, r *row) string {
	mark, state := " ", short(r)
	if r.leads {
		mark = "★"
	}
	name := p.name(fmt.Sprintf("%-11s", r))
	if r.fate != "" {
		return "  " + p.faint(fmt.Sprintf("%s %-11s %-12s", mark, r, state)) + b.cells(p, r)
	}
	return fmt.Sprintf("  %s %s %-12s%s%3d", mark, name, state, b.cells(p, r), b.count(r))
}

func (b *board) cells(p paint, r *row) string {
	var out strings.Builder
	for _, id := range b.ids {
		if b.cell[id].owner == r {
			out.WriteString(p.cell(b, r, id))
		} else {
			out.WriteString(p.faint("· "))
		}
	}
	return out.String()
}

// short is the public state in the width of a column.
func short(r *row) string {
	switch {
	case r.fate != "":
		return r.fate
	case r.ours == nil:
		return "elsewhere"
	case r.state == messages.WaitingAssignment:
		return "Waiting"
	}
	return string(r.state)
}

// lines is the view where output is read later, or by a program.
type lines struct{ out io.Writer }

func (v lines) act(title string) { fmt.Fprintf(v.out, "\n%s\n", title) }

func (v lines) say(at time.Duration, text string) {
	fmt.Fprintf(v.out, "  %7.3f s  %s\n", at.Seconds(), text)
}

// draw shows the table when an act is over: between, the lines tell the changes.
func (v lines) draw(b *board, settled bool) {
	if !settled {
		return
	}
	fmt.Fprintln(v.out)
	for _, line := range b.table(v.paint()) {
		fmt.Fprintln(v.out, strings.TrimRight(line, " "))
	}
}

func (v lines) paint() paint {
	same := func(text string) string { return text }
	return paint{
		cell: func(_ *board, _ *row, id partition.PartitionID) string { return string(id) + " " },
		name: same, faint: same, alarm: same,
	}
}

func (v lines) end() {}
