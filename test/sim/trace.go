package sim

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// kept is how many lines of a trace are remembered.
const kept = 4000

// Line is one line of a trace.
type Line struct {
	At  time.Duration
	Who string
	// Text is what was said or happened.
	Text string
	// Hum marks what is repeated all the time.
	Hum bool
}

// String returns the line as it is printed: seconds, who, what.
func (l Line) String() string {
	return fmt.Sprintf("%9.3f %-6s %s", l.At.Seconds(), l.Who, l.Text)
}

// Trace is what happened in a world, in names that people know. It remembers the
// latest lines and a hash of all.
type Trace struct {
	line  *Timeline
	steps func() uint64
	hash  uint64
	lines []Line
	count uint64
	said  []byte // the latest line, as it is hashed with all before it
}

// NewTrace returns an empty trace. steps counts deliveries, so that the hash
// differs when anything was delivered in another order.
func NewTrace(line *Timeline, steps func() uint64) *Trace {
	return &Trace{line: line, steps: steps, hash: fnv.New64a().Sum64()}
}

// Say adds a line.
func (t *Trace) Say(who, text string) { t.add(Line{t.line.Now(), who, text, false}) }

// Hum adds a line that plays leave out.
func (t *Trace) Hum(who, text string) { t.add(Line{t.line.Now(), who, text, true}) }

func (t *Trace) add(l Line) {
	b := strconv.AppendUint(t.said[:0], t.hash, 16)
	b = strconv.AppendUint(append(b, ' '), t.steps(), 10)
	b = strconv.AppendInt(append(b, ' '), int64(l.At), 10)
	b = append(append(append(append(b, ' '), l.Who...), ' '), l.Text...)
	h := fnv.New64a()
	_, _ = h.Write(b)
	t.hash, t.said = h.Sum64(), b
	if len(t.lines) >= 2*kept {
		t.lines = append(t.lines[:0], t.lines[kept:]...)
	}
	t.lines = append(t.lines, l)
	t.count++
}

// Hash identifies everything that was said, with its instants.
func (t *Trace) Hash() uint64 { return t.hash }

// Count is how many lines there were.
func (t *Trace) Count() uint64 { return t.count }

// Since returns the remembered lines from number n on, counted from 0.
func (t *Trace) Since(n uint64) []Line {
	first := t.count - uint64(len(t.lines))
	return t.lines[max(n, first)-first:]
}

// End returns the last n lines as text.
func (t *Trace) End(n int) string {
	var b strings.Builder
	for _, l := range t.lines[max(0, len(t.lines)-n):] {
		b.WriteString(l.String())
		b.WriteByte('\n')
	}
	return b.String()
}
