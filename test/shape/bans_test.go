package shape

import (
	"strings"
	"testing"
)

// hazard 69
func TestBans_Planted(t *testing.T) {
	cases := map[string]struct {
		file, source string
		want         []string
	}{
		"mutex":            {"actors/a.go", "import \"sync\"\nvar m sync.Mutex", []string{"actors/a.go:2: uses a lock or an atomic"}},
		"atomic":           {"partition/a.go", "import \"sync/atomic\"\nvar n atomic.Int64", []string{"a lock or an atomic"}},
		"lock below":       {"actors/fsm/a.go", "import \"sync\"\nvar m sync.Mutex", []string{"a lock or an atomic"}},
		"lock in a test":   {"actors/a_test.go", "import \"sync\"\nvar m sync.Mutex", nil},
		"lock in a bridge": {"bridge/a.go", "import \"sync\"\nvar m sync.Mutex", nil},
		"the mailbox":      {"actors/stage/mailbox.go", "import \"sync\"\nvar m sync.Mutex", nil},
		"idle exception":   {"actors/stage/mailbox.go", "var n int", []string{"does not need it"}},
		"goroutine":        {"messages/a.go", "func f() { go f() }", []string{"uses a go statement: only the dispatcher"}},
		"in the bridge":    {"bridge/a.go", "func f() { go f() }", []string{"uses a go statement: each goroutine of the bridge"}},
		"channel":          {"partition/a.go", "type c chan int", []string{"uses a channel"}},
		"send":             {"actors/a.go", "func f() { x.C <- 1 }", []string{"uses a channel"}},
		"receive":          {"actors/a.go", "func f() { <-x.Done() }", []string{"uses a channel"}},
		"select":           {"actors/a.go", "func f() { select {} }", []string{"uses a channel"}},
		"files":            {"actors/a.go", "import \"os\"\nvar e = os.Args", []string{"uses input or output"}},
		"network":          {"partition/a.go", "import \"net/http\"\nvar c http.Client", []string{"uses input or output"}},
		"now":              {"actors/a.go", "import \"time\"\nvar n = time.Now()", []string{"time arrives in the mail"}},
		"now as a value":   {"actors/a.go", "import \"time\"\nvar now = time.Now", []string{"uses the clock"}},
		"alias":            {"actors/a.go", "import t \"time\"\nvar n = t.After(1)", []string{"uses the clock"}},
		"dot import":       {"actors/a.go", "import . \"time\"\nvar n = Now()", []string{"uses the clock"}},
		"types of time":    {"actors/a.go", "import \"time\"\nvar d = time.Second\nfunc f(a, b time.Time) bool { return a.After(b) }", nil},
		"clock outside":    {"bridge/a.go", "import \"time\"\nvar n = time.Now()", nil},
		"clock of a world": {"test/sim/a.go", "import \"time\"\nvar n = time.Now()", []string{"simulated time"}},
		"and of its tests": {"test/swarm/a_test.go", "import \"time\"\nvar n = time.Since", []string{"simulated time"}},
		"timeout":          {"actors/a.go", "func f() { ctx.SetReceiveTimeout(1) }", []string{"a real-time helper"}},
		"future":           {"bridge/a.go", "func f() { ctx.RequestFuture(1) }", []string{"a real-time helper"}},
		"stash":            {"actors/a.go", "func f() { ctx.Stash(); ctx.ReenterAfter() }", []string{"real-time helper", "real-time helper"}},
		"closure":          {"bridge/a.go", "import \"github.com/asynkron/protoactor-go/actor\"\nvar p = actor.PropsFromFunc(nil)", []string{"uses Props of a function"}},
		"bounded":          {"actors/a.go", "import \"github.com/asynkron/protoactor-go/actor\"\nvar p = actor.Bounded(3)", []string{"uses a bounded mailbox"}},
		"escalation":       {"actors/a.go", "import \"github.com/asynkron/protoactor-go/actor\"\nvar p = actor.EscalateDirective", []string{"escalation"}},
		"guardian":         {"bridge/a.go", "func f() { root.WithGuardian(nil) }", []string{"a guardian"}},
		"event stream":     {"bridge/a.go", "func f() { system.EventStream.Publish(1) }", []string{"the event stream"}},
		"a limit named so": {"actors/a.go", "var n = limits.Stash", nil},
		"sleeping test":    {"bridge/a_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", []string{"a wait on time"}},
		"polling test":     {"bridge/a_test.go", "func f() { require.Eventually(1) }", []string{"a wait on time"}},
		"live test":        {"test/live/a_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, banned(planted{c.file: "package a\n" + c.source + "\n"}.files(t), bans), c.want...)
		})
	}
}

func TestWords_Planted(t *testing.T) {
	// Put together, so that the rule does not find its own test.
	const later, mend, soon, skip = "TO" + "DO", "FIX" + "ME", "for " + "now", "t.Sk" + "ip("
	all := []document{
		{"a.go", "package a\n// " + later + ": more\n"},
		{"b.md", "This is enough " + soon + ".\n"},
		{"c.yml", "# " + mend + "\n"},
		{"d_test.go", "\t" + skip + "\"later\")\n"},
		{"e.pb.go", "// " + later + "\n"},
		{"f.go", "// for nowhere, todos, gadget.Skip(\nvar todo int\n"},
		{"g.go", "x := 1 // " + strings.ToLower(later) + " later\nFor " + "Now, yes\n"},
	}
	expect(t, words(all), "a.go:2: says", "b.md:1: says", "c.yml:1: says", "d_test.go:1: says", "g.go:1: says", "g.go:2: says")
}
