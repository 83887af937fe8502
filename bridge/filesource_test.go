package bridge

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestReadPartitions(t *testing.T) {
	list, err := readPartitions("f", []byte(`# of the shop
partitions:
  - keys: [orders, eu]
    weight: 200
    zone: a
    labels: [gpu, "7"]
  - keys: ["1.5"]   # a text
  - {keys: [returns], weight: 0, pinned: worker-3}
`))
	require.NoError(t, err)
	require.Equal(t, []partition.Partition{
		{Keys: []string{"orders", "eu"}, Weight: 200, Zone: "a", Labels: []string{"gpu", "7"}},
		{Keys: []string{"1.5"}},
		{Keys: []string{"returns"}, Pinned: "worker-3"},
	}, list)
	list, err = readPartitions("f", []byte(`{"partitions": [{"keys": ["a"], "weight": 3}]}`))
	require.NoError(t, err)
	require.Equal(t, []partition.Partition{{Keys: []string{"a"}, Weight: 3}}, list)
	list, err = readPartitions("f", []byte("partitions: []\n"))
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestReadPartitions_Faults(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":           {"", "f: is empty; an empty list is written partitions: []"},
		"a comment":         {"# partitions:\n", "f: is empty; an empty list is written partitions: []"},
		"no list":           {"partitions:\n", "partitions is of type null; must be a list"},
		"a word":            {"partitions\n", "f:1:1: is of type string; must be a mapping with the fields partitions"},
		"a list":            {"- keys: [a]\n", "f:1:1: is of type sequence; must be a mapping with the fields partitions"},
		"another field":     {"partitions: []\nversion: 2\n", `f:2:1: unknown field "version"; known are partitions`},
		"no field":          {"{}\n", "the field partitions is missing"},
		"unknown field":     {"partitions:\n  - keys: [a]\n    wieght: 3\n", `f:3:5: unknown field "wieght"; known are keys, labels, pinned, weight, zone`},
		"field twice":       {"partitions:\n  - keys: [a]\n    weight: 3\n    weight: 4\n", `f:4:5: the field weight is there already, at 3:5`},
		"list twice":        {"partitions: []\npartitions: []\n", `f:2:1: the field partitions is there already, at 1:1`},
		"no keys":           {"partitions:\n  - weight: 3\n", "f:2:5: the field keys is missing"},
		"keys of no list":   {"partitions:\n  - keys: a\n", "f:2:11: keys is of type string; must be a list"},
		"a number":          {"partitions:\n  - keys: [a, 007]\n", "f:2:15: a key is of type integer; must be text, in quotes if need be"},
		"a truth":           {"partitions:\n  - keys: [true]\n", "f:2:12: a key is of type bool; must be text"},
		"a null":            {"partitions:\n  - keys: [a]\n    zone:\n", "zone is of type null; must be text"},
		"weight in quotes":  {"partitions:\n  - keys: [a]\n    weight: \"3\"\n", "f:3:13: weight is of type string; must be a whole number"},
		"half a weight":     {"partitions:\n  - keys: [a]\n    weight: 1.5\n", "f:3:13: weight is of type float; must be a whole number"},
		"weight below 0":    {"partitions:\n  - keys: [a]\n    weight: -1\n", `f:2:5: partition ["a"]: Weight is -1`},
		"weight too large":  {"partitions:\n  - keys: [a]\n    weight: 18446744073709551615\n", `f:2:5: partition ["a"]: Weight is`},
		"beyond all":        {"partitions:\n  - keys: [a]\n    weight: 99999999999999999999\n", "f:3:13: weight is"},
		"labels of no list": {"partitions:\n  - keys: [a]\n    labels: x\n", "f:3:13: labels is of type string; must be a list"},
		"an empty key":      {"partitions:\n  - keys: [\"\"]\n", "f:2:5: partition"},
		"listed twice":      {"partitions:\n  - keys: [a, b]\n  - keys: [c]\n  - keys: [a, b]\n", `f:4:5: partition "a.b" is listed at 2:5 already`},
		"no partition":      {"partitions:\n  - a\n", "f:2:5: is of type string; must be a mapping with the fields keys, labels, pinned, weight, zone"},
		"an alias":          {"partitions:\n  - &x {keys: [a]}\n  - *x\n", "f:2:5: is of type anchor; must be a mapping"},
		"a tag":             {"partitions:\n  - keys: [!!str 7]\n", "f:2:12: a key is of type tag; must be text"},
		"a tagged word":     {"partitions:\n  - keys: ! a\n", "f:2:11: keys is of type tag; must be a list"},
		"a tagged list":     {"partitions:\n  - keys: !!seq [a]\n", "f:2:11: keys is of type tag; must be a list"},
		"merged":            {"partitions:\n  - <<: {keys: [a]}\n", `f:2:5: unknown field "<<"`},
		"two documents":     {"partitions: []\n---\npartitions: []\n", "f:3:1: a second document; there must be one"},
		"broken":            {"partitions:\n  - keys: [a\n", "f:2:11:"},
		"tabs":              {"partitions:\n\t- keys: [a]\n", "f:2:1:"},
		"not text":          {"partitions:\n  - keys: [\"\xff\"]\n", "f:2:13: is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readPartitions("f", []byte(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
	var many strings.Builder
	many.WriteString("partitions:\n")
	for i := range 9 {
		fmt.Fprintf(&many, "  - {keys: [p%d], wait: 1}\n", i)
	}
	_, err := readPartitions("f", []byte(many.String()))
	require.ErrorContains(t, err, "f:6:18: unknown field")
	require.ErrorContains(t, err, "; and 4 more faults")
}

// scraps of YAML turn a text into another one, or into none.
var scraps = []string{"", "-", ":", "[", "]", "{", "}", "&", "*", "!", "\"", "'", "#", "\n", "\t", " ", "|", ">", "?", "%", "@", ",", "0", "\xff", "<<: "}

// Whatever a text is made of, it is a list that a leader takes, or a fault.
func TestReadPartitions_AnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte("partitions:\n  - keys: [a, \"b\"]\n    weight: 2\n  - {keys: [c], labels: [x]}\n")
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			with := rapid.SampledFrom(scraps).Draw(t, "with")
			text = slices.Concat(text[:at], []byte(with), text[at+rapid.IntRange(0, 1).Draw(t, "less"):])
		}
		list, err := readPartitions("f", text)
		if err == nil {
			_, err = partition.NewSet(list)
			require.NoError(t, err)
		}
	})
}

// paper is a file of partitions in a folder of its own.
type paper struct {
	t    *testing.T
	dir  string
	path string
}

func newPaper(t *testing.T) *paper {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	return &paper{t, dir, filepath.Join(dir, "partitions.yaml")}
}

// text lists these partitions.
func text(names ...string) string {
	out := "partitions:\n"
	if len(names) == 0 {
		out = "partitions: []\n"
	}
	for _, n := range names {
		out += "  - keys: [" + n + "]\n"
	}
	return out
}

// write writes the file in place.
func (p *paper) write(text string) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(p.path, []byte(text), 0o600))
}

// replace renames another file over it, as editors do.
func (p *paper) replace(text string) {
	p.t.Helper()
	other := p.path + "~"
	require.NoError(p.t, os.WriteFile(other, []byte(text), 0o600))
	require.NoError(p.t, os.Rename(other, p.path))
}

func (p *paper) source() *nest {
	p.t.Helper()
	props, err := FileSource(p.path)
	require.NoError(p.t, err)
	return newNest(p.t, props)
}

func TestFileSource_Config(t *testing.T) {
	_, err := FileSource("")
	require.ErrorContains(t, err, "path is empty; must name a file")
	_, err = FileSource(t.TempDir())
	require.ErrorContains(t, err, "is a folder; must name a file")
}

// hazard 38
func TestFileSource_TellsWhatChanges(t *testing.T) {
	p := newPaper(t)
	p.write(text("a", "b"))
	s := p.source()
	s.lists("a", "b")
	require.Empty(t, s.told, "what is listed first is no news")
	p.replace(text("a", "b", "c"))
	s.news("a", "b", "c")
	s.lists("a", "b", "c")
	p.write(text("d"))
	s.news("d")
	require.NoError(t, os.Remove(p.path))
	await(t, s.told, "that it is gone")
	_, reason := s.ask()
	require.Contains(t, reason, p.path+": no such file")
	p.write(text())
	s.news()
	s.lists()
	got, err := s.system.Root.RequestFuture(s.source, messages.UpdatePartitions{}, patience).Result()
	require.NoError(t, err)
	require.Contains(t, got.(messages.UpdateRefused).Reason, p.path)
}

// A file that is broken is told with line and column, at once, each time another
// fault is found; when it is right again the source goes on.
func TestFileSource_Broken(t *testing.T) {
	p := newPaper(t)
	p.write(text("a"))
	s := p.source()
	s.lists("a")
	p.replace("partitions:\n  - keys: [a]\n    wieght: 2\n")
	require.Equal(t, []string{"a"}, namesOf(await(t, s.told, "that there is something to hear").Partitions), "the last list stays")
	_, reason := s.ask()
	require.Equal(t, p.path+`:3:5: unknown field "wieght"; known are keys, labels, pinned, weight, zone`, reason)
	p.replace("partitions:\n  - keys: [a\n")
	await(t, s.told, "that it is broken otherwise")
	_, reason = s.ask()
	require.Contains(t, reason, p.path+":2:11:")
	p.replace(text("a"))
	s.news("a")
	s.lists("a")
}

// A config map: the file is a link through a link to a folder, which is replaced.
func TestFileSource_LinksAreReplaced(t *testing.T) {
	p := newPaper(t)
	release := func(name string, list string) {
		dir := filepath.Join(p.dir, name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "partitions.yaml"), []byte(list), 0o600))
		require.NoError(t, os.Symlink(name, filepath.Join(p.dir, "..tmp")))
		require.NoError(t, os.Rename(filepath.Join(p.dir, "..tmp"), filepath.Join(p.dir, "..data")))
	}
	release("..1", text("a"))
	require.NoError(t, os.Symlink(filepath.Join("..data", "partitions.yaml"), p.path))
	s := p.source()
	s.lists("a")
	release("..2", text("a", "b"))
	s.news("a", "b")
	release("..3", text("a", "b", "c"))
	require.NoError(t, os.RemoveAll(filepath.Join(p.dir, "..2")))
	s.news("a", "b", "c")
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "..3", "partitions.yaml"), []byte(text("d")), 0o600))
	s.news("d")
}

// The folder need not be there, may be replaced, and may be reached by a link from
// elsewhere.
func TestFileSource_FoldersComeAndGo(t *testing.T) {
	p := newPaper(t)
	real := filepath.Join(p.dir, "real", "deep")
	p.path = filepath.Join(p.dir, "link", "partitions.yaml")
	require.NoError(t, os.Symlink(real, filepath.Join(p.dir, "link")))
	s := p.source()
	_, reason := s.ask()
	require.Contains(t, reason, "no such file")
	require.NoError(t, os.MkdirAll(real, 0o700))
	p.write(text("a"))
	s.news("a")
	next := filepath.Join(p.dir, "next")
	require.NoError(t, os.Mkdir(next, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(next, "partitions.yaml"), []byte(text("b", "c")), 0o600))
	require.NoError(t, os.Rename(real, real+".old"))
	require.NoError(t, os.Rename(next, real))
	s.news("b", "c")
	p.replace(text("e"))
	s.news("e")
}

// A question is answered from the file, whatever the watch told.
func TestFileSource_WithoutAWatch(t *testing.T) {
	p := newPaper(t)
	p.write(text("a"))
	s := &fileSource{path: p.path}
	n := newNest(t, actor.PropsFromProducer(func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if _, begins := ctx.Message().(*actor.Started); !begins {
				s.Receive(ctx)
			}
		})
	}))
	n.lists("a")
	p.write(text("a", "b"))
	n.lists("a", "b")
	n.news("a", "b")
	require.NoError(t, os.Truncate(p.path, maxFile+1))
	_, reason := n.ask()
	require.Contains(t, reason, "is longer than")
}

// What is written in place is not read before its writer has paused.
func TestFileSource_WaitsForItsWriter(t *testing.T) {
	now := time.Now()
	for age, want := range map[time.Duration]bool{0: true, settle - 1: true, settle: false, time.Hour: false, -time.Second: false} {
		require.Equal(t, want, fresh(now.Add(-age), now), "%v", age)
	}
}
