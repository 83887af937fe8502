package sim

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/partition"
)

// Replay decides again what leaders decided whose Settings.Record was this folder: each
// file in it is given to the tables of production once more. The test fails with the first
// message that is not the one that was said then: a plan that is handed over, a journal
// record, a write. A strategy, if it is not nil, is asked again and has to answer as it
// did; it must be a function of its input. It returns what the files held, the oldest first.
// A file whose beginning a crash has cut is left out, and told; if nothing is left the test fails.
//
// Files are of the build that wrote them, and name it: another one decides otherwise at will.
// So is a file left out, and told, that another build wrote than the one in this test. A build
// that has no version, as (devel), cannot be told apart: its files are tried.
func Replay(t T, folder string, strategy partition.Strategy) []actors.Replayed {
	t.Helper()
	files, err := os.ReadDir(folder) // sorted, as they were begun
	var all []actors.Replayed
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".jsonl") {
			all = append(all, replayed(t, filepath.Join(folder, f.Name()), strategy)...)
		}
	}
	if len(all) == 0 {
		t.Fatalf("sim: %q: no recording is there that is whole and of this build (%v)", folder, err)
	}
	return all
}

func replayed(t T, name string, strategy partition.Strategy) []actors.Replayed {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatalf("sim: %v", err)
	}
	defer func() { _ = file.Close() }()
	r, err := actors.Replay(file, strategy)
	if errors.Is(err, actors.ErrNoBeginning) || errors.Is(err, actors.ErrOtherBuild) {
		t.Logf("sim: %s is left out: %v", name, err)
		return nil
	}
	if err != nil {
		t.Fatalf("sim: %s, recorded by the build %s: %v", name, r.Build, err)
	}
	return []actors.Replayed{r}
}
