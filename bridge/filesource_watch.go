package bridge

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file must be left alone before it is read: what is written
// in place is seen whole, if its writer does not pause.
const settle = 100 * time.Millisecond

// maxLinks is how many links a path may lead through, as in Linux.
const maxLinks = 40

// folders tells that something changed in some folders. The folders are watched,
// not the file: editors and config maps replace files and links under their names.
type folders struct {
	events *fsnotify.Watcher
	seen   map[string]os.FileInfo // what is watched, to notice a folder that was replaced
	nudge  chan struct{}
	end    chan struct{}
	ended  chan struct{}
}

// watchFolders calls stirred, on a goroutine of its own, when something may have
// changed, several changes as one.
func watchFolders(stirred func()) (*folders, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &folders{
		events: events, seen: map[string]os.FileInfo{},
		nudge: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.run(stirred)
	return w, nil
}

// run ends with close. An error of the watch may hide a change, so it counts as one.
func (w *folders) run(stirred func()) {
	defer close(w.ended)
	var due <-chan time.Time
	for {
		select {
		case <-w.end:
			return
		case <-due:
			due = nil
			stirred()
			continue
		case <-w.events.Events:
		case <-w.events.Errors: //nolint:errcheck // it counts as a change
		case <-w.nudge:
		}
		if due == nil {
			due = time.After(settle)
		}
	}
}

// later calls stirred once more, after a while.
func (w *folders) later() {
	select {
	case w.nudge <- struct{}{}:
	default: // it is due
	}
}

// follow watches the folders in which the path may come to mean another file.
func (w *folders) follow(path string) {
	wanted := foldersOf(path)
	for _, dir := range wanted {
		info, err := os.Stat(dir)
		if err != nil {
			continue
		}
		if was := w.seen[dir]; was != nil && os.SameFile(was, info) && slices.Contains(w.events.WatchList(), dir) {
			continue
		}
		_ = w.events.Remove(dir) // of a folder that was there before
		if w.events.Add(dir) == nil {
			w.seen[dir] = info
		}
	}
	for dir := range w.seen {
		if !slices.Contains(wanted, dir) {
			_ = w.events.Remove(dir)
			delete(w.seen, dir)
		}
	}
}

// close ends the goroutine and the watch.
func (w *folders) close() {
	close(w.end)
	<-w.ended
	_ = w.events.Close()
}

// foldersOf are those that hold the file, or a link on the way to it; of a path that
// leads nowhere, the last folder that exists, too. An absolute path is expected.
func foldersOf(path string) []string {
	var found []string
	root := filepath.VolumeName(path) + string(filepath.Separator)
	at, rest := root, names(path)
	for links := 0; len(rest) > 0; {
		name := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(name)
		link := err == nil && info.Mode()&os.ModeSymlink != 0
		if err != nil || link || len(rest) == 0 {
			found = append(found, filepath.Dir(name))
		}
		switch {
		case err != nil:
			return found
		case !link:
			at = name
			continue
		}
		target, err := os.Readlink(name)
		if links++; err != nil || links > maxLinks {
			return found
		}
		if filepath.IsAbs(target) {
			at = root
		}
		rest = append(names(target), rest...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func names(path string) []string {
	path = path[len(filepath.VolumeName(path)):]
	return strings.FieldsFunc(path, func(c rune) bool { return c < 0x80 && os.IsPathSeparator(uint8(c)) })
}
