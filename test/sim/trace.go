package sim

import (
	"fmt"
	"strings"
	"time"
)

// kept is how many lines of a trace are remembered.
const kept = 4000

// basis and prime are those of 64 bit FNV-1a.
const (
	basis = 14695981039346656037
	prime = 1099511628211
)

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
}

// NewTrace returns an empty trace. steps counts deliveries, so that the hash
// differs when anything was delivered in another order.
func NewTrace(line *Timeline, steps func() uint64) *Trace {
	return &Trace{line: line, steps: steps, hash: basis}
}

// Say adds a line.
func (t *Trace) Say(who, text string) { t.add(Line{t.line.Now(), who, text, false}) }

// Hum adds a line that plays leave out.
func (t *Trace) Hum(who, text string) { t.add(Line{t.line.Now(), who, text, true}) }

func (t *Trace) add(l Line) {
	t.hash = mixNumber(mixNumber(t.hash, t.steps()), uint64(l.At))
	t.hash = mixText(mixText(t.hash, l.Who), l.Text)
	if len(t.lines) >= 2*kept {
		t.lines = append(t.lines[:0], t.lines[kept:]...)
	}
	t.lines = append(t.lines, l)
	t.count++
}

// mixText mixes a text and its end into a hash, as FNV-1a does; mixNumber does so with the
// bytes of a number. There is a line for every renewal: fmt would take ten times as long.
func mixText(hash uint64, s string) uint64 {
	for i := range len(s) {
		hash = (hash ^ uint64(s[i])) * prime
	}
	return hash * prime
}

func mixNumber(hash, n uint64) uint64 {
	for range 8 {
		hash = (hash ^ n&0xff) * prime
		n >>= 8
	}
	return hash
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
