package bench

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

var write = flag.Bool("write", false, "write what was measured of strategies into docs/strategies.md")

const docs = "../../docs/strategies.md"

// writeDocs puts the tables where they belong, those of which something was measured.
func writeDocs() {
	if len(grid) > 0 {
		writeBetween("grid", printGrid)
	}
	if table["BenchmarkScale/Workers100"] != nil {
		writeBetween("scale", printScale)
	}
	if table["BenchmarkScaleHeap"] != nil {
		writeBetween("heap", printHeap)
	}
}

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
