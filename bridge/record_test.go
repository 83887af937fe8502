package bridge

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// shelf is a recorder with a folder of its own, and a clock.
type shelf struct {
	*recorder
	t   *testing.T
	now time.Time
}

func newShelf(t *testing.T, folder string) *shelf {
	r, err := newRecorder(folder, "g")
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = r.stop() })
	return &shelf{r, t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// put keeps a text and waits until it is written, or is lost: then it says why.
func (s *shelf) put(actor, text string) string {
	s.now = s.now.Add(time.Second)
	begins := strings.HasPrefix(text, "begin")
	_ = s.keep(messages.KeepMail{Actor: actor, Begins: begins, Lines: []byte(text)}, s.now)
	require.True(s.t, s.settle())
	s.told = time.Time{}
	lost, reason := s.report(s.now)
	if lost == 0 {
		require.NoError(s.t, reason)
		return ""
	}
	return fmt.Sprintf("%d: %v", lost, reason)
}

// files are what is in the folder: names without the group, and texts.
func (s *shelf) texts() (all []string) {
	entries, err := os.ReadDir(s.shelves.folder)
	require.NoError(s.t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(s.shelves.folder, e.Name()))
		require.NoError(s.t, err)
		all = append(all, string(text))
	}
	return all
}

func TestRecorder_AFileForEachActorAndBeginning(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "for it")
	s := newShelf(t, folder)
	for _, text := range []string{"begin a", "1", "2"} {
		require.Empty(t, s.put("a", text))
	}
	require.Empty(t, s.put("b", "begin b"))
	require.Empty(t, s.put("a", "3"))
	require.Empty(t, s.put("a", "begin again"))
	require.Equal(t, []string{"begin a123", "begin b", "begin again"}, s.texts())
	require.Equal(t, []string{"g-20300101T000001.000000000Z-a.jsonl"}, globbed(t, folder, "*01.*"))
	info, err := os.Stat(filepath.Join(folder, "g-20300101T000001.000000000Z-a.jsonl"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	info, err = os.Stat(folder)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), "nobody else reads what partitions there are")
}

func globbed(t *testing.T, folder, pattern string) (names []string) {
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	require.NoError(t, err)
	for _, f := range found {
		names = append(names, filepath.Base(f))
	}
	return names
}

// hangs has the disk hang where the actor's file is written, until it is let go.
func (s *shelf) hangs(actor string) (letGo func()) {
	r, w, err := os.Pipe()
	require.NoError(s.t, err)
	require.NoError(s.t, s.shelves.open[actor].file.Close())
	s.shelves.open[actor].file = w
	letGo = sync.OnceFunc(func() { _, _ = io.Copy(io.Discard, r) })
	s.t.Cleanup(func() { _ = r.Close() })
	return letGo
}

func (s *shelf) kept(actor, text string) (anew bool) {
	return s.keep(messages.KeepMail{Actor: actor, Begins: strings.HasPrefix(text, "begin"), Lines: []byte(text)}, s.now)
}

// What the disk is too slow for is lost, to the next beginning of that actor, which is
// asked for when there is room again, and at most once a minute. The log has what was lost at once,
// and then no more often.
func TestRecorder_NeverWaits(t *testing.T) {
	s := newShelf(t, t.TempDir())
	require.Empty(t, s.put("a", "begin a"))
	require.Empty(t, s.put("b", "begin b"))
	told := func() string {
		lost, reason := s.report(s.now)
		return fmt.Sprint(lost, " ", reason)
	}
	s.longest, s.unwritten = 0, 10
	s.writing, s.waiting = true, 5 // as if the disk did not answer
	require.False(t, s.kept("a", "123"))
	require.Equal(t, "0 <nil>", told())
	s.waiting = 10
	require.False(t, s.kept("a", "456"))
	require.Equal(t, "1 more than 12 bytes wait for the disk", told())
	require.False(t, s.kept("a", "7"), "after a gap nothing can be used")
	require.False(t, s.kept("a", "8"))
	require.Equal(t, "0 <nil>", told(), "a minute is not over")
	s.waiting = 4
	require.True(t, s.kept("a", "9"), "there is room: it is to begin anew")
	require.False(t, s.kept("a", "9"), "it was asked")
	s.now = s.now.Add(sparing)
	require.Equal(t, "4 something before it is lost", told())
	require.True(t, s.kept("a", "9"))
	require.False(t, s.kept("a", "begin"))
	s.writing = false
	require.False(t, s.kept("b", "89"))
	require.True(t, s.settle())
	require.Equal(t, []string{"begin a123", "begin b89", "begin"}, s.texts())
}

// What is lost is told in the log: at once, and then once a minute.
func TestRecorder_LossesAreLogged(t *testing.T) {
	s := newShelf(t, t.TempDir())
	var text bytes.Buffer
	o := &outside{recorder: s.recorder, log: slog.New(slog.NewTextHandler(&text, nil)), clock: RealClock{}}
	o.gap(s.report(s.now))
	require.Empty(t, text.String())
	require.Empty(t, s.put("a", "begin a"))
	require.NoError(t, s.shelves.open["a"].file.Close())
	s.kept("a", "1")
	require.True(t, s.settle())
	for range 100 {
		o.gap(s.report(s.now))
		s.kept("a", "2")
	}
	require.Equal(t, 1, strings.Count(text.String(), "\n"))
	require.Regexp(t, `level=WARN msg="the recording has a gap" lost=1 reason=".*file already closed"`, text.String())
	lost, reason := s.stop()
	o.gap(lost, reason)
	require.Regexp(t, `lost=100 reason="something before it is lost"`, text.String())
}

// However long one piece is, it is kept: what may wait, and what is kept, follows it.
func TestRecorder_LongPieces(t *testing.T) {
	s := newShelf(t, t.TempDir())
	s.unwritten, s.shelves.most = 10, 100
	state := "begin " + strings.Repeat("s", 34)
	for _, actor := range []string{"a", "b"} {
		require.Empty(t, s.put(actor, state))
		for range 4 {
			require.Empty(t, s.put(actor, strings.Repeat(".", 40)))
		}
	}
	require.Equal(t, 400, s.shelves.total)
}

// A disk that hangs holds nobody up: the worker begins, and ends, without it.
func TestRecorder_ADiskThatHangs(t *testing.T) {
	s := newShelf(t, t.TempDir())
	s.patience = 10 * time.Millisecond
	require.Empty(t, s.put("a", "begin a"))
	letGo := s.hangs("a")
	file := s.shelves.open["a"].file
	s.kept("a", strings.Repeat(".", 1<<20))
	s.kept("a", "last")
	lost, reason := s.stop()
	require.Positive(t, lost)
	require.ErrorIs(t, reason, errUnwritten)
	s.patience = time.Minute
	go letGo()
	require.True(t, s.settle())
	require.Empty(t, s.shelves.open, "whoever wrote has closed all")
	require.ErrorIs(t, file.Close(), os.ErrClosed)
	require.Zero(t, s.waiting)

	late := emptyRecorder(t.TempDir(), "g")
	late.patience = 10 * time.Millisecond
	held := make(chan struct{})
	late.shelves.makes = func(string, os.FileMode) error { <-held; return os.ErrPermission }
	require.NoError(t, late.begin(), "it is not known")
	require.False(t, late.settle())
	close(held)
	late.patience = time.Minute
	_, _ = late.stop()
	require.Empty(t, globbed(t, late.shelves.folder, "*"))
}

// Who stops has what was kept on the disk, if that answers, and its files closed.
func TestRecorder_StopsWithAllWritten(t *testing.T) {
	s := newShelf(t, t.TempDir())
	s.kept("a", "begin ")
	for range 1000 {
		s.kept("a", "0123456789")
	}
	lost, reason := s.stop()
	require.Zero(t, lost)
	require.NoError(t, reason)
	require.Len(t, s.texts()[0], 10_006)
	require.Empty(t, s.shelves.open)
}

// A folder that cannot be had is told as a setting that breaks its rule, and is final.
func TestRecorder_AFolderThatCannotBeHad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, folder := range []string{file, filepath.Join(file, "below"), "/proc/none"} {
		_, err := newRecorder(folder, "g")
		var fault partition.FieldError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, "Record", fault.Field)
		require.Equal(t, strconv.Quote(folder), fault.Value)
		require.Contains(t, fault.Rule, "a folder that can be made, and written to: ")
	}
}

// keeps is the context of somebody's mail.
type keeps struct {
	actor.Context
	pid *actor.PID
}

func (a keeps) Sender() *actor.PID { return a.pid }

// A file begins with the group. Whose beginning is lost is asked for another one, if it can
// be told so.
func TestOutside_AsksToKeepAnew(t *testing.T) {
	s := newShelf(t, t.TempDir())
	told := map[string]int{}
	o := &outside{
		cfg: Config{Group: "g"}, clock: RealClock{}, recorder: s.recorder, log: silent(),
		tell: func(to *actor.PID, mail any) {
			require.Equal(t, messages.KeepAnew{}, mail)
			told[to.GetId()]++
		},
	}
	keep := func(from *actor.PID, m messages.KeepMail) {
		o.record(keeps{pid: from}, m)
		require.True(t, s.settle())
	}
	a, b := actor.NewPID("", "a"), actor.NewPID("", "b")
	for range 2 {
		keep(a, messages.KeepMail{Actor: "a", Lines: []byte("1\n")})
		keep(nil, messages.KeepMail{Actor: "nobody", Lines: []byte("1\n")})
	}
	require.Equal(t, map[string]int{"a": 1}, told)
	keep(b, messages.KeepMail{Actor: "b", Begins: true, Lines: []byte("begin\n")})
	keep(b, messages.KeepMail{Actor: "b", Lines: []byte("1\n")})
	require.Equal(t, map[string]int{"a": 1}, told)
	require.Equal(t, []string{"{\"group\":\"g\"}\nbegin\n1\n"}, s.texts())
}
