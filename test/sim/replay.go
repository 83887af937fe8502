package sim

import (
	"os"
	"path/filepath"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/partition"
)

// Replay decides again what leaders decided whose Settings.Record was this folder: each
// file in it is given to the tables of production once more. The test fails with the first
// message that is not the one that was said then: a plan that is handed over, a journal
// record, a write. A strategy, if it is not nil, is asked again and has to answer as it
// did; it must be a function of its input. It returns what the files held, the oldest first.
//
// Files are of the build that wrote them: another one decides otherwise at will, or does
// not know what they say, which fails the test too.
func Replay(t T, folder string, strategy partition.Strategy) []actors.Replayed {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl")) // sorted, as they were begun
	if err != nil || len(files) == 0 {
		t.Fatalf("sim: %q: no recording is there (%v)", folder, err)
	}
	var all []actors.Replayed
	for _, name := range files {
		all = append(all, replayed(t, name, strategy))
	}
	return all
}

func replayed(t T, name string, strategy partition.Strategy) actors.Replayed {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatalf("sim: %v", err)
	}
	defer func() { _ = file.Close() }()
	r, err := actors.Replay(file, strategy)
	if err != nil {
		t.Fatalf("sim: %s: %v", name, err)
	}
	return r
}
