package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// board is what is known of the group, put together from what its workers say.
type board struct {
	ids  []partition.PartitionID
	rows []*row // in the order they came
	cell map[partition.PartitionID]*cell
	// acts are measured one after the other; the latest is under way. Of those
	// between it and the first, only the latest are kept.
	acts  []*act
	older int // that are not kept
	// doubles counts partitions that were gained while another worker had them.
	doubles int
	// pauses counts partitions that a worker lost and had again, with no other
	// owner in between.
	pauses int
	// covered is when everything had an owner for the first time.
	covered time.Time
	// say reports what is worth a line.
	say func(text string)
}

// row is one worker.
type row struct {
	id    partition.WorkerID
	ours  *worker // nil if it runs elsewhere
	state messages.State
	leads bool
	// fate says how it ended, empty while it is there.
	fate  string
	ended time.Time
}

// cell is one partition: who owns it, and since when.
type cell struct {
	owner *row
	since time.Time // when it got this owner, or lost the last one
	last  *row      // the latest owner
}

// act is one thing that happens to the group, and what it moved.
type act struct {
	title string
	began time.Time
	moved map[partition.PartitionID]time.Duration // how long without an owner
}

func newBoard(ids []partition.PartitionID, say func(string)) *board {
	b := &board{ids: ids, cell: map[partition.PartitionID]*cell{}, say: say}
	for _, id := range ids {
		b.cell[id] = &cell{since: time.Now()}
	}
	return b
}

// keptActs is how many acts a summary tells of.
const keptActs = 12

func (b *board) begin(title string) {
	if len(b.acts) > keptActs {
		b.acts = slices.Delete(b.acts, 1, 2)
		b.older++
	}
	b.acts = append(b.acts, &act{title: title, began: time.Now(), moved: map[partition.PartitionID]time.Duration{}})
}

// take notes an event.
func (b *board) take(e event) {
	r := b.rowOf(e.from)
	if r.fate != "" {
		return // a word from beyond
	}
	switch m := e.mail.(type) {
	case messages.AssignmentChanged:
		b.name(r, m.Worker)
		b.assigned(r, m, e.at)
	case messages.StateChanged:
		b.stateChanged(r, m)
	case messages.Snapshot:
		b.snapshot(r, m)
	case messages.Owner:
		b.foreign(m, e.at)
	case messages.HealthChanged:
		if m.Final {
			b.say(fmt.Sprintf("%s cannot work: %s", r, m.Reason))
		}
	case crashed:
		b.say(fmt.Sprintf("%s is cut off, without a goodbye; its lease runs on", r))
		b.end(r, "crashed", e.at)
	case left:
		b.end(r, "stopped", e.at)
		if m.err != nil {
			b.say(fmt.Sprintf("%s stopped, but: %v", r, m.err))
		}
	}
}

func (b *board) rowOf(w *worker) *row {
	for _, r := range b.rows {
		if r.ours == w {
			return r
		}
	}
	r := &row{ours: w}
	b.rows = append(b.rows, r)
	return r
}

// name notes the ID that a worker has claimed.
func (b *board) name(r *row, id partition.WorkerID) {
	if id == "" || r.id == id {
		return
	}
	b.rows = slices.DeleteFunc(b.rows, func(other *row) bool {
		return other != r && other.id == id && (other.ours == nil || other.fate != "")
	})
	r.id = id
	b.say(fmt.Sprintf("%s is there", id))
}

func (b *board) assigned(r *row, m messages.AssignmentChanged, at time.Time) {
	for _, o := range m.Lost {
		if c := b.cell[o.ID]; c != nil && c.owner == r {
			c.owner, c.since = nil, at
		}
	}
	for _, o := range m.Gained {
		b.gain(r, o.ID, at)
	}
	if len(m.Lost) > 0 {
		b.say(fmt.Sprintf("%s lets go of %s", r, letters(m.Lost)))
	}
	if len(m.Gained) > 0 {
		b.say(fmt.Sprintf("%s takes %s", r, letters(m.Gained)))
	}
}

func (b *board) gain(r *row, id partition.PartitionID, at time.Time) {
	c := b.cell[id]
	if c == nil || c.owner == r {
		return
	}
	gap := at.Sub(c.since)
	if c.owner != nil {
		gap = 0 // had by hearsay elsewhere, or by two at once
	}
	if c.owner != nil && c.owner.ours != nil {
		b.doubles++
	}
	if c.owner == nil && c.last == r {
		b.pauses++
	}
	c.owner, c.last, c.since = r, r, at
	if len(b.acts) > 0 {
		b.acts[len(b.acts)-1].moved[id] += gap
	}
	if b.covered.IsZero() && b.count(nil) == 0 {
		b.covered = at
	}
}

// end takes everything from a worker that is gone.
func (b *board) end(r *row, fate string, at time.Time) {
	r.fate, r.ended, r.leads = fate, at, false
	for _, c := range b.cell {
		if c.owner == r {
			c.owner, c.since = nil, at
		}
	}
}

func (b *board) stateChanged(r *row, m messages.StateChanged) {
	r.state = m.To
	if m.From == m.To || r.id == "" {
		return
	}
	switch m.To {
	case messages.Rebalancing:
		if r.leads { // what the others hand over is told by what they lose and gain
			b.say(fmt.Sprintf("%s: %s, %s", r, m.To, m.Reason))
		}
	case messages.Scaling, messages.Emergency, messages.Degraded:
		b.say(fmt.Sprintf("%s: %s, %s", r, m.To, m.Reason))
	default: // the table says it
	}
}

func (b *board) snapshot(r *row, m messages.Snapshot) {
	b.name(r, m.Worker)
	if m.Leading && !r.leads {
		b.say(fmt.Sprintf("%s leads", r))
	}
	r.state, r.leads = m.State, m.Leading
}

// foreign notes the owner of a partition that none of our workers has. It is
// known by hearsay, so nothing is measured.
func (b *board) foreign(m messages.Owner, at time.Time) {
	c := b.cell[m.Partition]
	if m.Reason != "" || c == nil || c.owner != nil && c.owner.ours != nil {
		return
	}
	if m.Worker == "" {
		if c.owner != nil {
			c.owner, c.since = nil, at
		}
		return
	}
	i := slices.IndexFunc(b.rows, func(r *row) bool { return r.id == m.Worker })
	if i < 0 {
		i = len(b.rows)
		b.rows = append(b.rows, &row{id: m.Worker})
		b.say(fmt.Sprintf("%s is there, in another process", m.Worker))
	}
	if r := b.rows[i]; r.ours == nil && c.owner != r {
		c.owner, c.last, c.since = r, r, at
	}
}

// forget drops the rows of workers that ended a while ago: their IDs may be used
// elsewhere.
func (b *board) forget(now time.Time) {
	b.rows = slices.DeleteFunc(b.rows, func(r *row) bool { return r.fate != "" && now.Sub(r.ended) > 5*time.Second })
}

// settled reports whether everything has an owner, all workers have the same
// number, give or take one, and none of ours is busy.
func (b *board) settled() bool {
	least, most := len(b.ids), 0
	for _, r := range b.there() {
		least, most = min(least, b.count(r)), max(most, b.count(r))
		if r.ours != nil && r.state != messages.Stable {
			return false
		}
	}
	return most-least <= 1 && b.count(nil) == 0
}

// there are the workers that did not end, those elsewhere only while they own
// something: nobody says when they leave.
func (b *board) there() []*row {
	var rows []*row
	for _, r := range b.rows {
		if r.fate == "" && (r.ours != nil || b.count(r) > 0) {
			rows = append(rows, r)
		}
	}
	return rows
}

// count is how many partitions a worker owns; of nil, how many nobody owns.
func (b *board) count(r *row) int {
	n := 0
	for _, c := range b.cell {
		if c.owner == r {
			n++
		}
	}
	return n
}

// String is how the worker is called.
func (r *row) String() string {
	if r.id == "" {
		return "a worker"
	}
	return string(r.id)
}

func letters(list []partition.Owned) string {
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = string(o.ID)
	}
	return strings.Join(names, " ")
}
