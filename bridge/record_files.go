package bridge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

const (
	// recordingLayout is the instant in the name of a file, by which files are in order.
	recordingLayout = "20060102T150405.000000000Z"
	recordingSuffix = ".jsonl"
	// keptStates is how many of the longest beginning are kept, if that is more than
	// partition.MaxRecorded: two actors have a file open, of about five each.
	keptStates = 16
	// abandoned is how long nobody has written into a file of another process that may go.
	// Who leads writes with each heartbeat.
	abandoned = 10 * time.Minute
)

var (
	errNoBeginning = errors.New("something before it is lost")
	errRemoved     = errors.New("the file was removed")
)

// shelves are the files: one for each actor that begins with all that the actor knew, and
// another one when it says so. The oldest go when all are too large: those of this process,
// and those of the group that others have left. They belong to the goroutine that writes.
type shelves struct {
	folder, group string
	most, states  int // bytes; of the longest beginning, if that is more
	begun         bool
	makes         func(folder string, mode fs.FileMode) error // os.MkdirAll
	open          map[string]*recording                       // by actor; nil after a fault
	files         []*recording                                // the oldest first
	total         int                                         // bytes of these
	state         int                                         // the longest beginning, in bytes
	stay          map[string]bool                             // files that cannot be removed
	stays         error                                       // the latest of these, until it is told
}

// recording is one file.
type recording struct {
	name string
	size int
	file *os.File // nil if nobody writes into it
	info fs.FileInfo
}

func newShelves(folder, group string) shelves {
	return shelves{folder: folder, group: group, most: partition.MaxRecorded, states: keptStates, makes: os.MkdirAll, open: map[string]*recording{}, stay: map[string]bool{}}
}

// begin makes the folder, and sees once whether it can be written to.
func (s *shelves) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	if err := s.makes(s.folder, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(s.folder, ".troupe-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()), s.adopt())
}

// adopt takes over the files of the group that others have left. What somebody may still
// write into is left to them.
func (s *shelves) adopt() error {
	entries, err := os.ReadDir(s.folder) // sorted
	if err != nil {
		return err
	}
	for _, e := range entries {
		known := func(f *recording) bool { return f.name == e.Name() }
		if !s.owns(e.Name()) || s.stay[e.Name()] || slices.ContainsFunc(s.files, known) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) >= abandoned {
			s.files = append(s.files, &recording{name: e.Name(), size: int(info.Size())})
			s.total += int(info.Size())
		}
	}
	slices.SortStableFunc(s.files, func(a, b *recording) int { return strings.Compare(a.name, b.name) })
	return nil
}

// name is that of a file of the group.
func (s *shelves) name(actor string, at time.Time) string {
	return s.group + "-" + at.UTC().Format(recordingLayout) + "-" + actor + recordingSuffix
}

func (s *shelves) owns(name string) bool {
	rest, ours := strings.CutPrefix(name, s.group+"-")
	if !ours || !strings.HasSuffix(name, recordingSuffix) || len(rest) < len(recordingLayout) {
		return false
	}
	_, err := time.Parse(recordingLayout, rest[:len(recordingLayout)])
	return err == nil
}

// put writes one piece. After a fault nothing more is written of this actor until it
// begins anew.
func (s *shelves) put(p piece) error {
	if p.Begins {
		s.close(p.Actor)
		s.state = max(s.state, len(p.Lines))
		if err := s.create(p); err != nil {
			return err
		}
	}
	f := s.open[p.Actor]
	if f == nil {
		return errNoBeginning
	}
	err := s.there(f)
	if err == nil {
		err = s.makeRoom(len(p.Lines))
	}
	if err == nil {
		var n int
		n, err = f.file.Write(p.Lines)
		f.size += n
		s.total += n
	}
	if err != nil {
		s.close(p.Actor)
	}
	return err
}

// there is an error if the file has no name any more: nobody would find what is written.
func (s *shelves) there(f *recording) error {
	info, err := os.Stat(filepath.Join(s.folder, f.name))
	if err == nil && os.SameFile(info, f.info) {
		return nil
	}
	s.files = slices.DeleteFunc(s.files, func(other *recording) bool { return other == f })
	s.total -= f.size
	return errRemoved
}

func (s *shelves) create(p piece) error {
	if err := s.makes(s.folder, 0o700); err != nil { // it may be gone
		return err
	}
	if err := s.adopt(); err != nil {
		return err
	}
	for try := range 100 { // others may write into the folder too
		name := s.name(p.Actor, p.at.Add(time.Duration(try)))
		file, err := os.OpenFile(filepath.Join(s.folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		info, err := file.Stat()
		if err != nil {
			return errors.Join(err, file.Close())
		}
		s.open[p.Actor] = &recording{name: name, file: file, info: info}
		s.files = append(s.files, s.open[p.Actor])
		return nil
	}
	return fmt.Errorf("%s: all names are taken", s.name(p.Actor, p.at))
}

// makeRoom removes the oldest files until so many bytes more are not too many. A file that
// cannot be removed is left alone, and does not count.
func (s *shelves) makeRoom(n int) error {
	most := max(s.most, s.states*s.state)
	for s.total+n > most {
		at := slices.IndexFunc(s.files, func(f *recording) bool { return f.file == nil })
		if at < 0 {
			return fmt.Errorf("more than %d bytes would be kept", most)
		}
		old := s.files[at]
		if err := os.Remove(filepath.Join(s.folder, old.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.stay[old.name] = true
			s.stays = err
		}
		s.total -= old.size
		s.files = slices.Delete(s.files, at, at+1)
	}
	return nil
}

// close closes the file of an actor, if there is one.
func (s *shelves) close(actor string) {
	if f := s.open[actor]; f != nil {
		_ = f.file.Close() // what it has is written, or was told to be lost
		f.file = nil
	}
	delete(s.open, actor)
}

// end closes all.
func (s *shelves) end() {
	for actor := range s.open {
		s.close(actor)
	}
}
