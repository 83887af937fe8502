package bridge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// MaxUnwritten is how much of what is to be kept waits for the disk, in bytes; what
	// comes on top is lost.
	MaxUnwritten = 8 << 20
	// recordingLayout is the instant in the name of a file, by which files are in order.
	recordingLayout = "20060102T150405.000000000Z"
	recordingSuffix = ".jsonl"
)

// recorder writes what the actors of a leader ask to keep: a file for each of them that
// begins with all that the actor knew, and another one when it says so. It owns these
// files, and those of the group that it found: the oldest go when all are too large.
// Whoever asks waits for nothing.
type recorder struct {
	folder, group   string
	most, unwritten int // bytes

	mu      sync.Mutex
	queue   []piece
	waiting int             // bytes in the queue
	gap     map[string]bool // the actors of which something was lost since they began
	writing bool
	lost    int // pieces, since that was told
	reason  error
	writes  sync.WaitGroup

	// These are of the goroutine that writes.
	open  map[string]*recording // by actor; nil after a fault
	files []*recording          // the oldest first
	total int
}

// piece is what one message asks to keep.
type piece struct {
	messages.KeepMail
	at time.Time
}

// recording is one file.
type recording struct {
	name string
	size int
	file *os.File // nil if nobody writes into it
}

// newRecorder makes the folder, and sees whether it can be written to. The error is a
// partition.FieldError.
func newRecorder(folder, group string) (*recorder, error) {
	r := &recorder{
		folder: folder, group: group, most: partition.MaxRecorded, unwritten: MaxUnwritten,
		gap: map[string]bool{}, open: map[string]*recording{},
	}
	if err := r.begin(); err != nil {
		return nil, partition.FieldError{Field: "Record", Value: strconv.Quote(folder), Rule: "a folder that can be made, and written to: " + err.Error()}
	}
	return r, nil
}

func (r *recorder) begin() error {
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(r.folder, ".troupe-*")
	if err != nil {
		return err
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return err
	}
	entries, err := os.ReadDir(r.folder) // sorted
	if err != nil {
		return err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && r.owns(e.Name()) {
			r.files = append(r.files, &recording{name: e.Name(), size: int(info.Size())})
			r.total += int(info.Size())
		}
	}
	return nil
}

// name is that of a file of the group.
func (r *recorder) name(actor string, at time.Time) string {
	return r.group + "-" + at.UTC().Format(recordingLayout) + "-" + actor + recordingSuffix
}

func (r *recorder) owns(name string) bool {
	rest, ours := strings.CutPrefix(name, r.group+"-")
	if !ours || !strings.HasSuffix(name, recordingSuffix) || len(rest) < len(recordingLayout) {
		return false
	}
	_, err := time.Parse(recordingLayout, rest[:len(recordingLayout)])
	return err == nil
}

// keep has it written soon. It reports how much was lost since it last did, and why.
func (r *recorder) keep(m messages.KeepMail, at time.Time) (lost int, reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.waiting+len(m.Lines) > r.unwritten:
		r.gap[m.Actor] = true
		r.lose(fmt.Errorf("more than %d bytes wait for the disk", r.unwritten))
	case r.gap[m.Actor] && !m.Begins:
		r.lose(errNoBeginning)
	default:
		delete(r.gap, m.Actor)
		r.queue = append(r.queue, piece{m, at})
		r.waiting += len(m.Lines)
		if !r.writing {
			r.writing = true
			r.writes.Go(r.write)
		}
	}
	lost, reason = r.lost, r.reason
	r.lost, r.reason = 0, nil
	return lost, reason
}

// lose counts what cannot be kept, and why the first of it was not. The lock is held.
func (r *recorder) lose(reason error) {
	r.lost++
	if r.reason == nil {
		r.reason = reason
	}
}

// write writes until nothing waits.
func (r *recorder) write() {
	for {
		r.mu.Lock()
		pieces := r.queue
		r.queue = nil
		r.writing = len(pieces) > 0
		r.mu.Unlock()
		if len(pieces) == 0 {
			return
		}
		for _, p := range pieces {
			err := r.put(p)
			r.mu.Lock()
			if r.waiting -= len(p.Lines); err != nil {
				r.lose(err)
			}
			r.mu.Unlock()
		}
	}
}

var errNoBeginning = errors.New("something before it is lost")

// put writes one piece. After a fault nothing more is written of this actor until it
// begins anew.
func (r *recorder) put(p piece) error {
	if p.Begins {
		r.end(p.Actor)
		if err := r.create(p); err != nil {
			return err
		}
	}
	f := r.open[p.Actor]
	if f == nil {
		return errNoBeginning
	}
	err := r.makeRoom(len(p.Lines))
	if err == nil {
		var n int
		n, err = f.file.Write(p.Lines)
		f.size += n
		r.total += n
	}
	if err != nil {
		r.end(p.Actor)
	}
	return err
}

func (r *recorder) create(p piece) error {
	for try := range 100 { // others may write into the folder too
		name := r.name(p.Actor, p.at.Add(time.Duration(try)))
		file, err := os.OpenFile(filepath.Join(r.folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		r.open[p.Actor] = &recording{name: name, file: file}
		r.files = append(r.files, r.open[p.Actor])
		return nil
	}
	return fmt.Errorf("%s: all names are taken", r.name(p.Actor, p.at))
}

// makeRoom removes the oldest files until so many bytes more are not too many.
func (r *recorder) makeRoom(n int) error {
	for r.total+n > r.most {
		at := slices.IndexFunc(r.files, func(f *recording) bool { return f.file == nil })
		if at < 0 {
			return fmt.Errorf("more than %d bytes would be kept", r.most)
		}
		old := r.files[at]
		if err := os.Remove(filepath.Join(r.folder, old.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		r.total -= old.size
		r.files = slices.Delete(r.files, at, at+1)
	}
	return nil
}

// end closes the file of an actor, if there is one.
func (r *recorder) end(actor string) {
	if f := r.open[actor]; f != nil {
		_ = f.file.Close() // what it has is written, or was told to be lost
		f.file = nil
	}
	delete(r.open, actor)
}

// stop waits for what is to be written, and closes all. Nobody asks for more.
func (r *recorder) stop() {
	r.writes.Wait()
	for actor := range r.open {
		r.end(actor)
	}
}

// record keeps what an actor of this worker, which leads, has heard and said.
func (o *outside) record(m messages.KeepMail) {
	if o.recorder == nil {
		return
	}
	if lost, reason := o.recorder.keep(m, o.clock.Now()); lost > 0 {
		o.log.Warn("the recording has a gap", "lost", lost, "reason", reason)
	}
}
