package bench

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

var write = flag.Bool("write", false, "write what was measured of strategies into docs/strategies.md")

const docs = "../../docs/strategies.md"

// writeDocs puts the tables where they belong, those of which something was measured.
func writeDocs() {
	if len(grid) > 0 {
		writeBetween("grid", func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%sThe grid was measured at %s.\n", legend, commit())
			printGrid(w)
		})
	}
	if table["BenchmarkScale/Workers100"] != nil {
		writeBetween("scale", printScale)
	}
	if table["BenchmarkScaleHeap"] != nil {
		writeBetween("heap", printHeap)
	}
}

// commit is what is measured.
func commit() string {
	out, err := exec.Command("git", "describe", "--always").Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(out))
}

// legend stands above the grid, and says what its cells are.
const legend = `
By partitions × workers, each of ten events has four numbers, and *rolling* the first two:
the time of a plan as a multiple of counting and copying the owners; its allocations; the weight that moves as a
multiple of the least (less than 1 where somebody is left outside its band; 0 where nothing
moved or had to); and how full the fullest worker is, as a multiple of the fair share beside
giants, or of the heaviest giant that it has itself. At the end is the time of a plan for a
join. *restart* is one worker that is back after the hold-down: others have what it had.
In *rolling* they restart within theirs, one after the other, as many as fit into 0.1 s, and the
leader asks as it does when one is back: nothing moves, whatever the strategy, and the time
is that of the last plan. *weights* doubles a third of them. With zipf weights rank × weight
is the same for all. Others know neither weights nor what was before, but franz-go, which knows the latter.
– is what takes too long here, or what a library could not place. buraksezer/consistent is
missing where its plans take too long to compare: at 100,000 × 100, 10,000 × 1000, and above;
go-rendezvous at 1,000,000 × 1000. What takes more than 0.1 s is measured once.
`

// writeBetween replaces what stands between the marks of a name.
func writeBetween(name string, show func(io.Writer)) {
	begin, end := "<!-- "+name+" -->", "<!-- /"+name+" -->"
	old, err := os.ReadFile(docs)
	if err != nil {
		panic(err)
	}
	before, rest, found := strings.Cut(string(old), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		panic(docs + " has no place for the table " + name)
	}
	var b strings.Builder
	show(&b)
	if err := os.WriteFile(docs, []byte(before+begin+"\n"+b.String()+"\n"+end+after), 0o644); err != nil {
		panic(err)
	}
}

// printScale prints the events of a hundred thousand partitions.
func printScale(w io.Writer) {
	_, _ = fmt.Fprint(w, "\n| | plan, ms | until the last publish, s | until the last subscriber knows, s more | written, KiB | moves |\n|---|---|---|---|---|---|\n")
	largest := 0.0
	for _, r := range []struct{ of, event, what string }{
		{"Workers100", "join", "100 workers, one more joins"},
		{"Workers100", "leave", "100 workers, one stops"},
		{"Workers1", "join", "one worker, another joins"},
		{"Workers1", "leave", "two workers, one stops"},
	} {
		m := table["BenchmarkScale/"+r.of]
		_, _ = fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", r.what, rounded(m[r.event+"-plan-ms"]),
			rounded(m[r.event+"-publish-ms"]/1000), rounded(m[r.event+"-apply-ms"]/1000), rounded(m[r.event+"-KiB"]), rounded(m[r.event+"-moves"]))
		largest = max(largest, m["largest-KiB"])
	}
	_, _ = fmt.Fprintf(w, "\nThe largest message has %s KiB.\n", rounded(largest))
}

// printHeap prints the memory of their leader.
func printHeap(w io.Writer) {
	m := table["BenchmarkScaleHeap"]
	_, _ = fmt.Fprintf(w, "\nThe leader of 100 workers has %s MiB on its heap beside the source's list, one that owns\neverything itself %s MiB.\n",
		rounded(m["leader-MiB"]), rounded(m["alone-MiB"]))
}
