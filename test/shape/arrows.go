package shape

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const module = "github.com/troupe-actors/troupe"

// Packages of others. Each stands for itself and for what lies below it.
const (
	actorLib = "github.com/asynkron/protoactor-go/actor"
	hash     = "github.com/zeebo/xxh3"
	protobuf = "google.golang.org/protobuf"
	nats     = "github.com/nats-io/nats.go"
	server   = "github.com/nats-io/nats-server/v2"
)

// testLibs may be imported by every test and by nothing else.
var testLibs = []string{
	"github.com/stretchr/testify",
	"pgregory.net/rapid",
	"go.uber.org/goleak",
	"github.com/google/go-cmp",
	"github.com/anishathalye/porcupine",
	"github.com/rogpeppe/go-internal",
}

// room says what the packages of one folder may import beside the standard
// library. A path that begins with ./ is a package of ours, exactly; a folder
// that ends in /... includes all below it. Where two rooms fit, the longer
// name holds.
type room struct {
	folder string
	may    []string // everywhere
	tests  []string // in _test.go files too
	beyond []string // in tests of the external package too
	rule   string
}

var (
	doors   = []string{"./actors", "./bridge", "./messages", "./partition", "./test/sim", "./bridge/embedded", "./bridge/observe", actorLib}
	natsToo = append(slices.Clone(doors), nats, server)
)

var rooms = []room{
	{
		folder: "partition", may: []string{hash},
		rule: "partition imports the standard library and a hash",
	},
	{
		folder: "messages", may: []string{"./partition", actorLib},
		rule: "messages imports partition, and protoactor for PIDs",
	},
	{
		folder: "proto/troupepb", may: []string{protobuf},
		rule: "proto/troupepb imports protobuf",
	},
	{
		folder: "actors/fsm", may: []string{actorLib},
		rule: "actors/fsm imports protoactor",
	},
	{
		folder: "actors/stage", may: []string{actorLib},
		rule: "actors/stage imports protoactor",
	},
	{
		folder: "actors/tape", may: []string{actorLib},
		rule: "actors/tape imports protoactor",
	},
	{
		folder: "internal/rows", may: []string{actorLib},
		rule: "internal/rows imports protoactor",
	},
	{
		folder: "actors", may: []string{"./messages", "./partition", "./actors/fsm", "./actors/stage", "./actors/tape", "./internal/rows", actorLib},
		beyond: []string{"./test/sim", "./bridge"},
		rule:   "actors imports messages, partition, actors/fsm, actors/stage, actors/tape, internal/rows and protoactor; never bridge, proto or nats.go; only its external tests import test/sim",
	},
	{
		folder: "bridge", may: []string{"./messages", "./partition", "./actors/stage", "./proto/troupepb", actorLib, nats, protobuf, "github.com/goccy/go-yaml", "github.com/fsnotify/fsnotify"},
		tests: []string{"./bridge/embedded", "./bridge/observe", server}, beyond: []string{"./test/sim", "./test/sim/contract", "./test/links", "./actors"},
		rule: "bridge imports messages, partition, actors/stage, proto/troupepb, protoactor, nats.go and the readers of files; never actors",
	},
	{
		folder: "bridge/embedded", may: []string{server, nats},
		rule: "bridge/embedded imports nats-server and nats.go",
	},
	{
		folder: "bridge/observe", may: []string{"./messages", "./partition", "./actors/stage", actorLib, "github.com/prometheus/client_golang"},
		tests: []string{"./actors"},
		rule:  "bridge/observe imports messages, partition, actors/stage, protoactor and the Prometheus client",
	},
	{
		folder: "test/sim", may: []string{"./actors", "./actors/stage", "./bridge", "./internal/rows", "./messages", "./partition", actorLib},
		tests: append(slices.Clone(natsToo), "./test/sim/contract"),
		rule:  "test/sim imports actors, actors/stage, bridge, internal/rows, messages, partition and protoactor; no nats.go, so that users' tests do not link it",
	},
	{
		folder: "test/sim/contract", may: []string{"./bridge", "github.com/stretchr/testify", "github.com/anishathalye/porcupine"},
		rule: "test/sim/contract imports bridge, for its Port, testify and porcupine: tests of bridge and of test/sim run it",
	},
	{folder: "examples/...", may: append(slices.Clone(natsToo), "golang.org/x/term"), tests: []string{"github.com/prometheus/client_golang"}, rule: doorsRule},
	{folder: "test/scenario/...", may: doors, tests: []string{"./internal/rows"}, rule: doorsRule},
	{folder: "test/swarm/...", may: doors, tests: []string{protobuf}, rule: doorsRule},
	{folder: "test/live/...", may: append(slices.Clone(natsToo), "./test/links", "./test/umpire"), tests: []string{"./examples/connect", "github.com/prometheus/client_golang", "github.com/nats-io/jwt/v2", "github.com/nats-io/nkeys"}, rule: doorsRule},
	{
		folder: "test/links",
		rule:   "test/links imports the standard library",
	},
	{
		folder: "test/umpire", may: []string{"./messages", "./partition", actorLib},
		rule: "test/umpire imports messages, partition and protoactor: it knows nothing else of ours",
	},
	{
		folder: "test/chaos", may: append(slices.Clone(natsToo), "./test/links", "./test/umpire", "golang.org/x/sys/unix"),
		rule: "test/chaos imports the library's public packages, test/links, test/umpire and the system's clock",
	},
	{
		folder: "test/bench/...", may: natsToo, tests: []string{"./test/swarm", hash, "github.com/buraksezer/consistent", "github.com/dgryski/go-rendezvous", "github.com/twmb/franz-go/pkg/kgo", "github.com/twmb/franz-go/pkg/kmsg"},
		rule: "test/bench imports the library's public packages, and the libraries that it compares them with",
	},
	{folder: "test/mutants/...", rule: "test/mutants imports the standard library"},
	{folder: "test/shape", tests: []string{"./actors"}, rule: "test/shape imports the standard library, and actors for its diagrams"},
	{folder: "tools/...", may: []string{"github.com/bufbuild/protocompile", protobuf}, rule: "tools import the compiler of schemas, and nothing of ours"},
}

const doorsRule = "examples and tests of the whole import the library's public packages: actors, bridge, messages, partition (and test/sim)"

// arrows finds imports that the rooms do not allow, and folders without a room.
func arrows(files []*file) []string {
	var found []string
	for _, f := range files {
		home, ok := roomOf(f.dir)
		if !ok {
			found = append(found, fmt.Sprintf("%s: the folder %s has no room: say in arrows.go what it may import", f.path, f.dir))
			continue
		}
		for i, imported := range f.imports() {
			if !home.allows(f, imported) {
				found = append(found, f.say(f.tree.Imports[i], "imports %s: %s", imported, home.rule))
			}
		}
		found = append(found, codec(f)...)
	}
	return found
}

func roomOf(dir string) (room, bool) {
	best, longest := room{}, 0
	for _, r := range rooms {
		base, tree := strings.CutSuffix(r.folder, "/...")
		fits := dir == base || tree && strings.HasPrefix(dir, base+"/")
		if fits && len(base) > longest {
			best, longest = r, len(base)
		}
	}
	return best, longest > 0
}

func (r room) allows(f *file, imported string) bool {
	if imported != "C" && !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return true // the standard library
	}
	allowed := slices.Clone(r.may)
	if f.test() {
		allowed = slices.Concat(allowed, r.tests, testLibs, []string{"./" + f.dir})
	}
	if f.external() {
		allowed = append(allowed, r.beyond...)
	}
	ours, own := strings.CutPrefix(imported, module+"/")
	return slices.ContainsFunc(allowed, func(a string) bool {
		if own {
			return a == "./"+ours
		}
		return imported == a || strings.HasPrefix(imported, a+"/")
	})
}

// codec finds files that know both what is said and what is stored. One place
// translates, so that a change of either stops there.
func codec(f *file) []string {
	name := path.Base(f.path)
	paths := f.imports()
	if f.test() || name == "codec.go" || strings.HasPrefix(name, "codec_") ||
		!slices.Contains(paths, module+"/messages") || !slices.Contains(paths, module+"/proto/troupepb") {
		return nil
	}
	return []string{f.path + ": imports both messages and proto/troupepb: only bridge/codec.go (or codec_….go) does"}
}
