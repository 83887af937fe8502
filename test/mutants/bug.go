package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// bug is a change that a correct simulator notices.
type bug struct {
	// name is that of the patch, what says what it breaks.
	name, what string
	// folder and test are who should notice it, and why says why it is not a random
	// life, if it is not.
	folder, test, why string
	// lived: that test lives lives of a kind, as many as it is told.
	lived bool
	patch []byte
	files []string
}

// place has the patches.
const place = "test/mutants/planted"

var (
	changed = regexp.MustCompile(`(?m)^--- a/(\S+)$`)
	// only is the line, after the one that says what is wrong, of a bug that no random life
	// can notice: only a test of its own, or lives of a kind.
	only = regexp.MustCompile(`(?m)\A[^\n]*\n(Only|Lives) (\S+) (\S+): (.*\.)$`)
)

// planted reads all patches, in the order of their names.
func planted(root string) ([]bug, error) {
	paths, err := filepath.Glob(filepath.Join(root, place, "*.patch"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("there are no patches in %s: %w", filepath.Join(root, place), err)
	}
	var bugs []bug
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		b := bug{name: strings.TrimSuffix(filepath.Base(path), ".patch"), folder: "test/swarm", test: lives, lived: true, patch: text}
		b.what, _, _ = strings.Cut(string(text), "\n")
		if m := only.FindSubmatch(text); m != nil {
			b.lived, b.folder, b.test, b.why = string(m[1]) == "Lives", string(m[2]), string(m[3]), string(m[4])
		}
		for _, m := range changed.FindAllSubmatch(text, -1) {
			b.files = append(b.files, string(m[1]))
		}
		bugs = append(bugs, b)
	}
	return bugs, nil
}

// plant writes the changed files to a folder, with an overlay for the go command that
// takes them for those of the module. The module itself stays as it is.
func (b bug) plant(ctx context.Context, root, work string) (overlay string, err error) {
	replace := map[string]string{}
	for _, f := range b.files {
		from, err := filepath.Abs(filepath.Join(root, f))
		if err != nil {
			return "", err
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		to := filepath.Join(work, f)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			return "", err
		}
		replace[from] = to
	}
	git := exec.CommandContext(ctx, "git", "apply", "-C1", "-")
	git.Dir, git.Stdin = work, bytes.NewReader(b.patch)
	git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(work))
	if out, err := git.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the patch does not apply any more: %w\n%s", err, out)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(work, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}
