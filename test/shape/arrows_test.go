package shape

import "testing"

func TestArrows_Planted(t *testing.T) {
	const ours = module + "/"
	cases := map[string]struct {
		file, source string
		want         []string
	}{
		"standard library":                {"partition/a.go", importsOf("partition", "time", "slices", hash), nil},
		"words know no messages":          {"partition/a.go", importsOf("partition", ours+"messages"), []string{"partition imports the standard library and a hash"}},
		"words know no actors":            {"partition/a.go", importsOf("partition", actorLib), []string{"partition/a.go:3: imports github.com/asynkron"}},
		"only the actor package":          {"messages/a.go", importsOf("messages", actorLib, "github.com/asynkron/protoactor-go/remote"), []string{"protoactor-go/remote"}},
		"actors know no bridge":           {"actors/a.go", importsOf("actors", ours+"bridge"), []string{"never bridge"}},
		"actors know no records":          {"actors/a.go", importsOf("actors", ours+"proto/troupepb"), []string{"troupepb"}},
		"actors know no store":            {"actors/a.go", importsOf("actors", nats), []string{"nats.go"}},
		"below is not allowed by default": {"actors/fsm/a.go", importsOf("fsm", ours+"messages"), []string{"actors/fsm imports protoactor"}},
		"bridge knows no actors":          {"bridge/a.go", importsOf("bridge", ours+"actors", nats+"/jetstream"), []string{"imports " + ours + "actors:"}},
		"no test kit in the library":      {"bridge/a.go", importsOf("bridge", ours+"test/sim"), []string{"test/sim"}},
		"no test library outside tests":   {"messages/a.go", importsOf("messages", "github.com/stretchr/testify/require"), []string{"testify"}},
		"test libraries in tests":         {"messages/a_test.go", importsOf("messages", "github.com/stretchr/testify/require"), nil},
		"the kit in external tests":       {"actors/a_test.go", importsOf("actors_test", ours+"actors", ours+"test/sim"), nil},
		"no kit in internal tests":        {"actors/a_test.go", importsOf("actors", ours+"test/sim"), []string{"only its external tests"}},
		"the kit links no nats.go":        {"test/sim/a.go", importsOf("sim", nats), []string{"do not link it"}},
		"rooms with floors":               {"examples/demo/main.go", importsOf("main", ours+"actors", ours+"bridge/embedded", "golang.org/x/term"), nil},
		"examples use the public packages": {
			"examples/demo/main.go", importsOf("main", ours+"actors/stage"),
			[]string{"public packages"},
		},
		"a new folder":  {"helpers/a.go", importsOf("helpers"), []string{"the folder helpers has no room"}},
		"a new package": {"actors/extra/a.go", importsOf("extra"), []string{"the folder actors/extra has no room"}},
		"cgo":           {"partition/a.go", importsOf("partition", "C"), []string{"imports C"}},
		"one codec": {
			"bridge/bridge.go", importsOf("bridge", ours+"messages", ours+"proto/troupepb"),
			[]string{"only bridge/codec.go"},
		},
		"the codec": {"bridge/codec_head.go", importsOf("bridge", ours+"messages", ours+"proto/troupepb"), nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, arrows(planted{c.file: c.source}.files(t)), c.want...)
		})
	}
}
