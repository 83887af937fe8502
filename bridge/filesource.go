package bridge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// maxFile is how long a file of partitions, or of settings, may be.
const maxFile = 64 << 20

// FileSource returns a source, for actors.Config.Source, that lists what a YAML file
// says, of which JSON is a part:
//
//	partitions:
//	  - keys: [orders, eu]
//	  - keys: [orders, us]
//	    weight: 200
//	    zone: a
//	    labels: [gpu]
//	    pinned: worker-3
//
// A file that is not exactly so is a fault with line and column, and the last list
// stays. The file is watched, also where links lead to it, and read anew whenever
// the source is asked: replace it by renaming another one over it, as editors and
// config maps do. It may come into being later. Every worker has a source, and the
// leader's counts: the file should be the same for all. A hundred thousand partitions
// take about three seconds to read, once for each change of the file: SourceTimeout
// must allow it. KVSource is told what changed, and reads only that.
func FileSource(path string) (*actor.Props, error) {
	if path == "" {
		return nil, errors.New("bridge.FileSource: path is empty; must name a file")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("bridge.FileSource: path %q is a folder; must name a file", path)
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("bridge.FileSource: path %q: %w", path, err)
	}
	return actor.PropsFromProducer(func() actor.Actor { return &fileSource{path: whole} }), nil
}

// fileSource owns what the file said last. It hears questions, and from the watch
// that the folder was stirred; it answers with the list or the fault, and tells its
// parent when the file has changed. Started anew, it reads again.
type fileSource struct {
	path  string
	watch *folders // nil if nothing can be watched: then only questions find changes
	known bool     // it was read, or could not be
	text  []byte
	list  []partition.Partition
	fault string
	asked []listing
}

// listing is a question that waits until the file is left alone.
type listing struct {
	from  *actor.PID
	round partition.Round
}

// stirred: something in a folder of the file may have changed.
type stirred struct{}

// Receive implements actor.Actor.
func (f *fileSource) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		f.begin(ctx)
	case *actor.Stopping, *actor.Restarting:
		if f.watch != nil {
			f.watch.close()
			f.watch = nil
		}
	case stirred:
		f.look(ctx)
	case messages.ListPartitions:
		if ctx.Sender() != nil {
			f.asked = append(f.asked, listing{ctx.Sender(), m.Round})
			f.look(ctx)
		}
	case messages.UpdatePartitions:
		if ctx.Sender() != nil {
			ctx.Respond(messages.UpdateRefused{Reason: "this source lists what " + f.path + " says: change that"})
		}
	}
}

func (f *fileSource) begin(ctx actor.Context) {
	root, self := ctx.ActorSystem().Root, ctx.Self()
	watch, err := watchFolders(func() { root.Send(self, stirred{}) })
	if err != nil {
		ctx.Logger().Warn("a file of partitions cannot be watched: it is read when the source is polled", "path", f.path, "reason", err)
	}
	f.watch = watch
	f.look(ctx)
}

// look reads the file, unless somebody may be writing it, and tells whoever asked,
// and the parent if there is news.
func (f *fileSource) look(ctx actor.Context) {
	if f.watch != nil {
		f.watch.follow(f.path)
		if info, err := os.Stat(f.path); err == nil && fresh(info.ModTime(), time.Now()) {
			f.watch.later()
			return
		}
	}
	began := !f.known
	if f.read() && !began {
		ctx.Send(ctx.Parent(), messages.PartitionsListed{Partitions: f.list})
	}
	for _, q := range f.asked {
		if f.fault != "" {
			ctx.Send(q.from, messages.ListingFailed{Round: q.round, Reason: f.fault})
			continue
		}
		ctx.Send(q.from, messages.PartitionsListed{Round: q.round, Partitions: f.list})
	}
	f.asked = nil
}

// fresh reports whether a file was written just now. A time to come says nothing.
func fresh(written, now time.Time) bool {
	age := now.Sub(written)
	return age >= 0 && age < settle
}

// read takes what the file says. It reports whether that is something else than
// before.
func (f *fileSource) read() (news bool) {
	text, err := readFile(f.path)
	if f.known && err == nil && f.text != nil && bytes.Equal(text, f.text) {
		return false
	}
	was := f.fault
	f.text, f.fault = text, ""
	if err == nil {
		var list []partition.Partition
		if list, err = readPartitions(f.path, text); err == nil {
			f.list = list
		}
	}
	if err != nil {
		f.fault = err.Error()
	}
	news = !f.known || err == nil || f.fault != was
	f.known = true
	return news
}

// readFile returns the whole file, never nil without an error.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.Size() > maxFile {
		return nil, tooLong(path)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, tooLong(path)
	}
	return text, nil
}

func tooLong(path string) error {
	return fmt.Errorf("%s: is longer than %d bytes, the most that is read", path, maxFile)
}
