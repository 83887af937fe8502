package bridge

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// MaxUnwritten is how much of what is to be kept waits for the disk, in bytes, or
	// unwrittenPieces of the longest piece, if that is more; what comes on top is lost.
	MaxUnwritten    = 8 << 20
	unwrittenPieces = 4
	// diskPatience is how long the outside waits for the disk: when it begins, to learn whether
	// the folder can be had, and when it ends, so that a disk that answers has all.
	diskPatience = time.Second
	// sparing is the least between two warnings about what is lost, and between two
	// requests to begin anew.
	sparing = time.Minute
)

// recorder has written what the actors of a leader ask to keep. It is between them, who
// wait for nothing, and one goroutine, which alone touches the disk: see shelves.
type recorder struct {
	patience  time.Duration
	unwritten int // bytes
	shelves   shelves

	mu      sync.Mutex
	queue   []piece
	waiting int                  // bytes that are not written yet
	longest int                  // piece, in bytes
	gap     map[string]bool      // the actors of which something was lost since they began
	asked   map[string]time.Time // when they were asked to begin anew
	idle    chan struct{}        // closed when nobody writes
	writing bool
	closed  bool
	fault   error // the folder cannot be had

	lost   int   // pieces, since that was told
	reason error // of the first of them
	told   time.Time
	stays  error // a file that cannot be removed, until that was told
}

// piece is what one message asks to keep.
type piece struct {
	messages.KeepMail
	at time.Time
}

// newRecorder makes the folder, and sees whether it can be written to. The error is a
// partition.FieldError. A disk that does not answer is none: what it does not take is lost.
func newRecorder(folder, group string) (*recorder, error) {
	r := emptyRecorder(folder, group)
	return r, r.begin()
}

func emptyRecorder(folder, group string) *recorder {
	idle := make(chan struct{})
	close(idle)
	return &recorder{
		patience: diskPatience, unwritten: MaxUnwritten, shelves: newShelves(folder, group),
		gap: map[string]bool{}, asked: map[string]time.Time{}, idle: idle,
	}
}

func (r *recorder) begin() error {
	r.mu.Lock()
	r.wake()
	r.mu.Unlock()
	r.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault == nil {
		return nil
	}
	return partition.FieldError{Field: "Record", Value: strconv.Quote(r.shelves.folder), Rule: "a folder that can be made, and written to: " + r.fault.Error()}
}

// keep has it written soon. It reports whether the actor is to begin anew, because
// something of it was lost and there is room again.
func (r *recorder) keep(m messages.KeepMail, at time.Time) (anew bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.longest = max(r.longest, len(m.Lines))
	most := max(r.unwritten, unwrittenPieces*r.longest)
	switch {
	case r.waiting+len(m.Lines) > most:
		r.lose(m.Actor, fmt.Errorf("more than %d bytes wait for the disk", most))
	case r.gap[m.Actor] && !m.Begins:
		r.lose(m.Actor, errNoBeginning)
	default:
		delete(r.gap, m.Actor)
		r.queue = append(r.queue, piece{m, at})
		r.waiting += len(m.Lines)
		r.wake()
	}
	if !r.gap[m.Actor] || r.waiting > most/2 || !spared(r.asked[m.Actor], at) {
		return false
	}
	r.asked[m.Actor] = at
	return true
}

func spared(last, now time.Time) bool { return last.IsZero() || now.Sub(last) >= sparing }

// report tells how much was lost since it last did, and why first: at once, then sparingly.
func (r *recorder) report(at time.Time) (lost int, reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == 0 || !spared(r.told, at) {
		return 0, nil
	}
	lost, reason = r.lost, r.reason
	r.lost, r.reason, r.told = 0, nil, at
	return lost, reason
}

// remains tells once of a file that cannot be removed.
func (r *recorder) remains() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.stays
	r.stays = nil
	return err
}

// lose counts what cannot be kept. The lock is held.
func (r *recorder) lose(actor string, reason error) {
	r.gap[actor] = true
	if r.lost++; r.lost == 1 {
		r.reason = reason
	}
}

// wake has somebody write. The lock is held.
func (r *recorder) wake() {
	if !r.writing {
		r.writing, r.idle = true, make(chan struct{})
		go r.write(r.idle)
	}
}

// write writes until nothing waits.
func (r *recorder) write(idle chan struct{}) {
	defer close(idle)
	if err := r.shelves.begin(); err != nil {
		r.mu.Lock()
		r.fault = err
		r.mu.Unlock()
	}
	for {
		r.mu.Lock()
		pieces, closed := r.queue, r.closed
		r.queue = nil
		r.writing = len(pieces) > 0
		r.mu.Unlock()
		if len(pieces) == 0 {
			if closed {
				r.shelves.end()
			}
			return
		}
		for _, p := range pieces {
			err := r.shelves.put(p)
			r.mu.Lock()
			if r.stays == nil {
				r.stays = r.shelves.stays
			}
			r.shelves.stays = nil
			if r.waiting -= len(p.Lines); err != nil {
				r.lose(p.Actor, err)
			}
			r.mu.Unlock()
		}
	}
}

// settle waits until nobody writes, and reports whether that was soon.
func (r *recorder) settle() bool {
	r.mu.Lock()
	idle := r.idle
	r.mu.Unlock()
	select {
	case <-idle:
		return true
	case <-time.After(r.patience):
		return false
	}
}

var errUnwritten = errors.New("the disk did not take it in time")

// stop has the files closed when all is written, by whoever writes; a disk that hangs holds
// nobody up. Nobody asks for more. It reports how much is lost that was not told, and why.
func (r *recorder) stop() (lost int, reason error) {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		r.wake()
	}
	r.mu.Unlock()
	settled := r.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !settled {
		return r.lost + 1, errUnwritten
	}
	return r.lost, r.reason
}

// record keeps what an actor of this worker, which leads, has heard and said.
func (o *outside) record(ctx actor.Context, m messages.KeepMail) {
	if o.recorder == nil {
		return
	}
	now := o.clock.Now()
	if m.Begins {
		m.Lines = append(o.head(), m.Lines...)
	}
	if o.recorder.keep(m, now) && ctx.Sender() != nil {
		o.tell(ctx.Sender(), messages.KeepAnew{})
	}
	o.gap(o.recorder.report(now))
	if err := o.recorder.remains(); err != nil {
		o.log.Warn("an old recording cannot be removed", "reason", err)
	}
}

// head is the first line of a file.
func (o *outside) head() []byte { return fmt.Appendf(nil, "{\"group\":%q}\n", o.cfg.Group) }

func (o *outside) gap(lost int, reason error) {
	if lost > 0 {
		o.log.Warn("the recording has a gap", "lost", lost, "reason", reason)
	}
}
