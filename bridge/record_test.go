package bridge

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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
	t.Cleanup(r.stop)
	return &shelf{r, t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// put keeps a text and waits until it is written, or is lost: then it says why.
func (s *shelf) put(actor, text string) string {
	s.now = s.now.Add(time.Second)
	begins := strings.HasPrefix(text, "begin")
	s.keep(messages.KeepMail{Actor: actor, Begins: begins, Lines: []byte(text)}, s.now)
	s.writes.Wait()
	lost, reason := s.lost, s.reason
	s.lost, s.reason = 0, nil
	if lost == 0 {
		require.NoError(s.t, reason)
		return ""
	}
	return fmt.Sprintf("%d: %v", lost, reason)
}

// files are what is in the folder: names without the group, and texts.
func (s *shelf) texts() (all []string) {
	entries, err := os.ReadDir(s.folder)
	require.NoError(s.t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(s.folder, e.Name()))
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

// The oldest files of the group go, those of former processes too. Those of others, and what is
// written into, stay.
func TestRecorder_IsARing(t *testing.T) {
	folder := t.TempDir()
	for name, n := range map[string]int{
		"g-20290101T000000.000000000Z-a.jsonl": 50, "g-20290102T000000.000000000Z-b.jsonl": 10,
		"g-h-20290101T000000.000000000Z-a.jsonl": 1000, "g-notes.jsonl": 1000, "g-20290101T000000.000000000Z-a.txt": 1000,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), bytes.Repeat([]byte("x"), n), 0o600))
	}
	s := newShelf(t, folder)
	s.most = 100
	require.Empty(t, s.put("a", "begin a"+strings.Repeat(".", 33))) // 50 + 10 + 40
	require.Len(t, globbed(t, folder, "g-20*.jsonl"), 3)
	require.Empty(t, s.put("b", "begin b"))
	require.Len(t, globbed(t, folder, "g-20*.jsonl"), 3, "the oldest is gone")
	require.Empty(t, s.put("b", strings.Repeat(".", 43)))
	require.Equal(t, 100, s.total)
	require.Empty(t, s.put("b", "begin b"))
	require.Equal(t, 97, s.total)
	require.Empty(t, s.put("b", strings.Repeat(".", 50)), "the former file of b goes")
	require.Equal(t, "1: more than 100 bytes would be kept", s.put("b", "...."), "both that are left are written into")
	require.Equal(t, "1: something before it is lost", s.put("b", "."))
	require.Empty(t, s.put("a", "."))
	require.Empty(t, s.put("b", "begin b"))
	require.Equal(t, []string{
		"g-20290101T000000.000000000Z-a.txt", "g-20300101T000001.000000000Z-a.jsonl", "g-20300101T000009.000000000Z-b.jsonl",
		"g-h-20290101T000000.000000000Z-a.jsonl", "g-notes.jsonl",
	}, globbed(t, folder, "*"))
}

// What the disk is too slow for is lost, to the next beginning of that actor, and counted.
func TestRecorder_NeverWaits(t *testing.T) {
	s := newShelf(t, t.TempDir())
	require.Empty(t, s.put("a", "begin a"))
	require.Empty(t, s.put("b", "begin b"))
	s.unwritten = 10
	s.writing, s.waiting = true, 5 // as if the disk did not answer
	keep := func(actor, text string) string {
		lost, reason := s.keep(messages.KeepMail{Actor: actor, Begins: text == "begin", Lines: []byte(text)}, s.now)
		return fmt.Sprint(lost, " ", reason)
	}
	require.Equal(t, "0 <nil>", keep("a", "123"))
	require.Equal(t, "1 more than 10 bytes wait for the disk", keep("a", "456"))
	require.Equal(t, "1 something before it is lost", keep("a", "7"), "after a gap nothing can be used")
	require.Equal(t, "0 <nil>", keep("b", "89"))
	s.writing, s.waiting = false, 5
	require.Equal(t, "0 <nil>", keep("a", "begin"))
	s.writes.Wait()
	require.Equal(t, []string{"begin a123", "begin", "begin b89"}, s.texts())
	require.Zero(t, s.waiting)
}

// A disk that is full is told, and what comes after the fault begins anew.
func TestRecorder_FaultsOfTheDisk(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "g")
	s := newShelf(t, folder)
	require.Empty(t, s.put("a", "begin a"))
	require.NoError(t, s.open["a"].file.Close())
	s.writing = true // the disk is slow, and three wait
	for range 2 {
		s.keep(messages.KeepMail{Actor: "a", Lines: []byte("0")}, s.now)
	}
	s.writing = false
	require.Regexp(t, "^3: .*file already closed", s.put("a", "1"), "the first reason counts")
	require.Equal(t, "1: something before it is lost", s.put("a", "2"))
	require.NoError(t, os.RemoveAll(folder))
	require.Contains(t, s.put("a", "begin b"), "no such file or directory")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.Empty(t, s.put("a", "begin c"))
	require.Equal(t, []string{"begin c"}, s.texts())
}

// Two workers of one folder and one instant do not write into one file.
func TestRecorder_NamesThatAreTaken(t *testing.T) {
	folder := t.TempDir()
	one, other := newShelf(t, folder), newShelf(t, folder)
	require.Empty(t, one.put("a", "begin 1"))
	require.Empty(t, other.put("a", "begin 2"))
	require.Equal(t, []string{"begin 1", "begin 2"}, one.texts())
}

// What is lost is told in the log, once for each time.
func TestRecorder_LossesAreLogged(t *testing.T) {
	s := newShelf(t, t.TempDir())
	var text bytes.Buffer
	o := &outside{recorder: s.recorder, log: slog.New(slog.NewTextHandler(&text, nil)), clock: RealClock{}}
	keep := func(begins bool) string {
		text.Reset()
		o.record(messages.KeepMail{Actor: "a", Begins: begins, Lines: []byte("line\n")})
		s.writes.Wait()
		_, told, _ := strings.Cut(text.String(), "msg=")
		return told
	}
	require.Empty(t, keep(true))
	s.unwritten = 4
	require.Equal(t, "\"the recording has a gap\" lost=1 reason=\"more than 4 bytes wait for the disk\"\n", keep(false))
	s.unwritten = 5
	require.Equal(t, "\"the recording has a gap\" lost=1 reason=\"something before it is lost\"\n", keep(false))
	require.Empty(t, keep(true))
	o.recorder = nil
	require.Empty(t, keep(true), "nothing is to be kept")
	require.Equal(t, []string{"line\n", "line\n"}, s.texts())
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
