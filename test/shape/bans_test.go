package shape

import (
	"strings"
	"testing"
)

// offences are sources by name, each in a file, and what must be found in it.
type offences map[string]struct {
	file, source string
	want         []string
}

func (o offences) run(t *testing.T) {
	t.Helper()
	for name, c := range o {
		t.Run(name, func(t *testing.T) {
			expect(t, banned(planted{c.file: "package a\n" + c.source + "\n"}.files(t), bans), c.want...)
		})
	}
}

// hazard 69
func TestBans_Planted(t *testing.T) {
	offences{
		"mutex":            {"actors/a.go", "import \"sync\"\nvar m sync.Mutex", []string{"actors/a.go:2: uses a lock or an atomic"}},
		"atomic":           {"partition/a.go", "import \"sync/atomic\"\nvar n atomic.Int64", []string{"a lock or an atomic"}},
		"lock below":       {"actors/fsm/a.go", "import \"sync\"\nvar m sync.Mutex", []string{"a lock or an atomic"}},
		"lock in a test":   {"actors/a_test.go", "import \"sync\"\nvar m sync.Mutex", nil},
		"goroutine":        {"messages/a.go", "func f() { go f() }", []string{"uses a goroutine: only the dispatcher"}},
		"of a group":       {"actors/a.go", "func f() { group.Go(f) }", []string{"uses a goroutine"}},
		"after a context":  {"bridge/a.go", "import \"context\"\nvar f = context.AfterFunc", []string{"uses a goroutine"}},
		"channel":          {"partition/a.go", "type c chan int", []string{"uses a channel"}},
		"send":             {"actors/a.go", "func f() { x.C <- 1 }", []string{"uses a channel"}},
		"receive":          {"actors/a.go", "func f() { <-x.Done() }", []string{"uses a channel"}},
		"select":           {"actors/a.go", "func f() { select {} }", []string{"uses a channel"}},
		"files":            {"actors/a.go", "import \"os\"\nvar e = os.Args", []string{"uses input or output"}},
		"network":          {"partition/a.go", "import \"net/http\"\nvar c http.Client", []string{"uses input or output"}},
		"signals":          {"bridge/embedded/a.go", "import \"os/signal\"\nvar f = signal.Notify", []string{"uses a signal of the system"}},
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
		"a future alone":   {"actors/stage/a.go", "func f() { actor.NewFuture(system, 1) }", []string{"a real-time helper"}},
		"stash":            {"actors/a.go", "func f() { ctx.Stash(); ctx.ReenterAfter() }", []string{"real-time helper", "real-time helper"}},
		"closure":          {"bridge/a.go", "import \"github.com/asynkron/protoactor-go/actor\"\nvar p = actor.PropsFromFunc(nil)", []string{"uses Props of a function"}},
		"bounded":          {"actors/a.go", "import \"github.com/asynkron/protoactor-go/actor\"\nvar p = actor.Bounded(3)", []string{"uses a bounded mailbox"}},
		"escalation":       {"actors/a.go", "import \"github.com/asynkron/protoactor-go/actor\"\nvar p = actor.EscalateDirective", []string{"escalation"}},
		"supervisor":       {"bridge/a.go", "import \"github.com/asynkron/protoactor-go/actor\"\nvar p = actor.NewOneForOneStrategy(1, 1, nil)", []string{"a supervisor of protoactor"}},
		"shutdown":         {"bridge/a.go", "func f() { system.Shutdown() }", []string{"the system is the caller's"}},
		"no logger":        {"examples/demo/a.go", "var s = actor.NewActorSystem(actor.WithMetrics())", []string{"an actor system without a logger"}},
		"a logger":         {"examples/demo/a.go", "var s = actor.NewActorSystem(actor.WithLoggerFactory(quiet))", nil},
		"guardian":         {"bridge/a.go", "func f() { root.WithGuardian(nil) }", []string{"a guardian"}},
		"event stream":     {"bridge/a.go", "func f() { system.EventStream.Publish(1) }", []string{"the event stream"}},
		"a limit named so": {"actors/a.go", "var n = limits.Stash", nil},
		"sleeping test":    {"bridge/a_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", []string{"a wait on time"}},
		"polling test":     {"bridge/a_test.go", "func f() { require.Eventually(1) }", []string{"a wait on time"}},
		"sleeping helper":  {"test/chaos/a.go", "import \"time\"\nfunc f() { time.Sleep(1) }", []string{"a wait on time", "uses the clock"}},
		"live test":        {"test/live/a_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", nil},
	}.run(t)
}

// What is banned has places where it is not, file by file.
func TestPlaces_Planted(t *testing.T) {
	offences{
		"lock in a bridge": {"bridge/a.go", "import \"sync\"\nvar m sync.Mutex", []string{"what goroutines of the bridge share"}},
		"lock in a place":  {"bridge/troubles.go", "import \"sync\"\nvar m sync.Mutex", nil},
		"the mailbox":      {"actors/stage/mailbox.go", "import \"sync\"\nvar m sync.Mutex", nil},
		"idle exception":   {"actors/stage/mailbox.go", "var n int", []string{"does not need it"}},
		"in the bridge":    {"bridge/a.go", "func f() { go f() }", []string{"uses a goroutine: each goroutine of the bridge"}},
		"bridge's channel": {"bridge/a.go", "type c chan int", []string{"goroutines of the bridge meet"}},
		"a place for one":  {"bridge/ask.go", "func f(c chan int) { ctx.Watch(c) }", nil},
		"and of examples":  {"examples/demo/a.go", "import \"time\"\nvar n = time.Now()", []string{"or is virtual: list the file"}},
		"of other tests":   {"actors/a_test.go", "import \"time\"\nvar n = time.Now()", []string{"or is virtual: list the file"}},
		"of an umpire":     {"test/umpire/a.go", "import \"time\"\nvar n = time.NewTicker(1)", []string{"or is virtual: list the file"}},
		"a place for it":   {"test/chaos/run.go", "import \"time\"\nvar n = time.Now()", nil},
		"an idle place":    {"test/chaos/run.go", "var n int", []string{"does not need it"}},
		"real by nature":   {"test/bench/a_test.go", "import \"time\"\nvar n = time.Now()", nil},
		"watched child":    {"actors/a.go", "func f() { ctx.Watch(child) }", []string{"a child that is watched"}},
		"watched key":      {"actors/a.go", "func f() { port.Watch(key) }", nil},
	}.run(t)
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
