package bridge

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// leave makes a file that nobody has written into for long.
func leave(t *testing.T, name string, n int) {
	require.NoError(t, os.WriteFile(name, bytes.Repeat([]byte("x"), n), 0o600))
	long := time.Now().Add(-abandoned)
	require.NoError(t, os.Chtimes(name, long, long))
}

// The oldest files of the group go, those of former processes too. Those of others, and what is
// written into, stay.
func TestRecorder_IsARing(t *testing.T) {
	folder := t.TempDir()
	for name, n := range map[string]int{
		"g-20290101T000000.000000000Z-a.jsonl": 50, "g-20290102T000000.000000000Z-b.jsonl": 10,
		"g-h-20290101T000000.000000000Z-a.jsonl": 1000, "g-notes.jsonl": 1000, "g-20290101T000000.000000000Z-a.txt": 1000,
	} {
		leave(t, filepath.Join(folder, name), n)
	}
	s := newShelf(t, folder)
	s.shelves.most, s.shelves.states = 100, 0
	require.Empty(t, s.put("a", "begin a"+strings.Repeat(".", 33))) // 50 + 10 + 40
	require.Len(t, globbed(t, folder, "g-20*.jsonl"), 3)
	require.Empty(t, s.put("b", "begin b"))
	require.Len(t, globbed(t, folder, "g-20*.jsonl"), 3, "the oldest is gone")
	require.Empty(t, s.put("b", strings.Repeat(".", 43)))
	require.Equal(t, 100, s.shelves.total)
	require.Empty(t, s.put("b", "begin b"))
	require.Equal(t, 97, s.shelves.total)
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

// Two workers of one folder leave each other's files alone until they are abandoned.
func TestRecorder_LeavesWhatOthersWrite(t *testing.T) {
	folder := t.TempDir()
	one, other := newShelf(t, folder), newShelf(t, folder)
	require.Empty(t, one.put("a", "begin 1"))
	third := newShelf(t, folder)
	for _, s := range []*shelf{other, third} {
		s.shelves.most, s.shelves.states = 10, 0
		require.Empty(t, s.put("b", "begin 2"))
		require.Empty(t, s.put("b", "begin 3"))
	}
	require.Equal(t, []string{"begin 1", "begin 3", "begin 3"}, one.texts())
	require.Empty(t, one.put("a", "."))
	require.Equal(t, "begin 1.", one.texts()[0])
	long := time.Now().Add(-abandoned)
	require.NoError(t, os.Chtimes(filepath.Join(folder, one.shelves.files[0].name), long, long))
	require.Empty(t, other.put("b", "begin 4"))
	require.Equal(t, []string{"begin 3", "begin 4"}, one.texts())
}

// A file, or a folder, that is removed while it is written into is noticed, and begun anew.
func TestRecorder_NoticesThatItsFileIsGone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "g")
	s := newShelf(t, folder)
	require.Empty(t, s.put("a", "begin a"))
	require.NoError(t, os.RemoveAll(folder))
	require.Equal(t, "1: the file was removed", s.put("a", "1"))
	require.True(t, s.kept("a", "2"), "it is to begin anew")
	require.Zero(t, s.shelves.total)
	require.Equal(t, "2: something before it is lost", s.put("a", "3"))
	require.Empty(t, s.put("a", "begin b"))
	require.Equal(t, []string{"begin b"}, s.texts())
}

// An old file that cannot be removed is told once, and left alone.
func TestRecorder_AFileThatCannotBeRemoved(t *testing.T) {
	folder := t.TempDir()
	s := newShelf(t, folder)
	s.shelves.most, s.shelves.states = 20, 0
	stays := filepath.Join(folder, "g-20290101T000000.000000000Z-a.jsonl")
	leave(t, stays, 9)
	require.Empty(t, s.put("b", "begin "))
	require.NoError(t, os.Remove(stays))
	require.NoError(t, os.MkdirAll(filepath.Join(stays, "below"), 0o700))
	for range 3 {
		require.Empty(t, s.put("a", "begin a"))
	}
	require.ErrorContains(t, s.remains(), stays)
	require.NoError(t, s.remains(), "it was told")
	require.NoError(t, os.RemoveAll(stays))
	leave(t, stays, 9)
	require.Empty(t, s.put("a", "begin a"))
	require.FileExists(t, stays, "it is left alone")
}

// A disk that is full is told, and what comes after the fault begins anew.
func TestRecorder_FaultsOfTheDisk(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "g")
	s := newShelf(t, folder)
	require.Empty(t, s.put("a", "begin a"))
	require.NoError(t, s.shelves.open["a"].file.Close())
	s.writing = true // the disk is slow, and three wait
	for range 2 {
		s.kept("a", "0")
	}
	s.writing = false
	require.Regexp(t, "^3: .*file already closed", s.put("a", "1"), "the first reason counts")
	require.Equal(t, "1: something before it is lost", s.put("a", "2"))
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	require.Contains(t, s.put("a", "begin b"), "not a directory")
	require.NoError(t, os.Remove(folder))
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
