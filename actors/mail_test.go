package actors

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// others are those in the picture of the mail that are no actors of ours.
var others = []string{"user", "partitions", "strategy", "source", "outside"}

// keyWords are what is said to the outside and by it: the words for keys, by the names
// that actors call them.
var keyWords = map[string][]string{
	"live": {"KeyLive", "AllLive"}, "lead": {"KeyLead"}, "term": {"KeyTerm"}, "head": {"KeyHead"},
	"asg": {"KeyAssignment", "AllAssignments"}, "journal": {"KeyJournal"},
}

// ofMessages finds the words of messages in a text, with the brace of what is made there.
var ofMessages = regexp.MustCompile(`\bmessages\.(\w+\{?)`)

// vocabulary is what a text says, by word.
type vocabulary map[string]bool

func (v vocabulary) any(list ...string) bool {
	return slices.ContainsFunc(list, func(word string) bool { return v[word] })
}

// edge is an arrow of the picture.
type edge struct {
	from, to string
	said     []string
}

// The picture is drawn by hand. It is held to what there is: it shows all actors and
// nobody else, who says something has it in its files, and who hears it has rows for it.
// Whoever reads or watches has an arrow from outside, and each record that it names is
// in an arrow of its own.
func TestMailDiagram(t *testing.T) {
	edges, faults := mailEdges(mailDiagram)
	require.Empty(t, faults)
	require.Empty(t, mailFaults(edges, sources(t)))
}

// The package's comment lists the same.
func TestMailDiagram_InThePackageComment(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(text), "// How the mail flows:\n//\n")
	listed, _, _ := strings.Cut(after, "//\n")
	edges, _ := mailEdges(mailDiagram)
	want := mailList(edges)
	require.Equal(t, want, listed, "doc.go must list this:\n%s", want)
}

// The tree of the package's comment has all actors.
func TestTree_NamesAllActors(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(text), "//\tPartitionManager")
	tree, _, _ := strings.Cut(after, "//\n")
	for name := range tables {
		if name != "manager" {
			require.Regexp(t, `(├──|└──|,) `+name+`\b`, tree)
		}
	}
}

func TestMailDiagram_Planted(t *testing.T) {
	texts := sources(t)
	for name, c := range map[string]struct{ from, to, want string }{
		"an arrow without a word":       {`holder -- "Holdings" --> session`, `holder --> session`, `no arrow: "holder --> session"`},
		"nobody hears it":               {`"Holdings" --> session`, `"Holdings" --> term`, "term does not hear Holdings"},
		"nobody says it":                {`watcher -- "Sighted"`, `owners -- "Sighted"`, "owners does not say Sighted"},
		"no message":                    {`"Revoke"`, `"Revoked"`, "holder does not say Revoked"},
		"an actor is missing":           {"    manager -- \"RefreshPartitions\" --> refresher\n    refresher -- \"Refreshed\" --> user\n", "", "refresher says nothing"},
		"somebody who does not exist":   {"keeper -- \"ListPartitions\" --> source([source])", "keeper -- \"ListPartitions\" --> origin", "origin is nobody"},
		"a record that is not written":  {`"lead, term" --> outside`, `"lead, journal" --> outside`, "election has nothing to do with journal"},
		"a record that is not read":     {`outside -- "head" --> refresher`, `outside -- "lead" --> refresher`, "refresher has nothing to do with lead"},
		"who reads and hears nothing":   {`outside -- "live" --> session`, "", "session looks at what no arrow brings"},
		"and who watches":               {`outside -- "asg" --> holder`, "", "holder looks at what no arrow brings"},
		"a record that is left out":     {`"lead, term, head, live"`, `"lead, term, live"`, "election has to do with head"},
		"a word that is none of either": {`outside -- "head" --> refresher`, `outside -- "hat" --> refresher`, "refresher has nothing to do with hat"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, mailDiagram, c.from)
			edges, faults := mailEdges(strings.Replace(mailDiagram, c.from, c.to, 1))
			require.Contains(t, strings.Join(append(faults, mailFaults(edges, texts)...), "\n"), c.want)
		})
	}
}

// mailEdges reads the arrows of a picture. Other lines name a node, or begin and end
// the box.
func mailEdges(picture string) (edges []edge, faults []string) {
	arrow := regexp.MustCompile(`^(\w+)\S*(?: \w+\]\)?)? -- "([^"]+)" --> (\w+)`)
	for line := range strings.Lines(picture) {
		line = strings.TrimSpace(line)
		m := arrow.FindStringSubmatch(line)
		switch {
		case m != nil:
			said, _, _ := strings.Cut(m[2], ":")
			edges = append(edges, edge{m[1], m[3], strings.Split(said, ", ")})
		case strings.Contains(line, "-->"):
			faults = append(faults, fmt.Sprintf("no arrow: %q", line))
		}
	}
	return edges, faults
}

// sources are the words of messages in each actor's files. What is made there is among them
// with a brace, too.
func sources(t *testing.T) map[string]vocabulary {
	t.Helper()
	texts := map[string]vocabulary{}
	for name := range tables {
		texts[name] = vocabulary{}
		files, err := filepath.Glob(name + "*.go")
		require.NoError(t, err)
		for _, f := range files {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			for _, m := range ofMessages.FindAllStringSubmatch(string(text), -1) {
				texts[name][m[1]], texts[name][strings.TrimSuffix(m[1], "{")] = true, true
			}
		}
	}
	return texts
}

func mailFaults(edges []edge, texts map[string]vocabulary) []string {
	faults := outsideFaults(edges, texts)
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	says, hears := map[string]bool{}, map[string]bool{}
	for _, e := range edges {
		says[e.from], hears[e.to] = true, true
		for _, word := range e.said {
			switch {
			case e.from == "outside" || e.to == "outside":
			case tables[e.from] != nil && !texts[e.from][word]:
				fault("%s does not say %s", e.from, word)
			case tables[e.to] != nil && !slices.Contains(tables[e.to].Hears(), word):
				fault("%s does not hear %s", e.to, word)
			}
		}
	}
	for name := range tables {
		if !says[name] {
			fault("%s says nothing", name)
		}
		if !hears[name] {
			fault("%s hears nothing", name)
		}
	}
	everybody := slices.Concat(others, slices.Collect(maps.Keys(tables)))
	for _, e := range edges {
		for _, name := range []string{e.from, e.to} {
			if !slices.Contains(everybody, name) {
				fault("%s is nobody", name)
			}
		}
	}
	return faults
}

// outsideFaults is what is wrong with the arrows to and from outside.
func outsideFaults(edges []edge, texts map[string]vocabulary) (faults []string) {
	named, fed := map[string][]string{}, map[string]bool{}
	for _, e := range edges {
		switch {
		case e.to == "outside":
			named[e.from] = append(named[e.from], e.said...)
		case e.from == "outside":
			named[e.to] = append(named[e.to], e.said...)
			fed[e.to] = true
		}
	}
	for name, words := range named {
		for _, word := range words {
			if !texts[name].any(keyWords[word]...) {
				faults = append(faults, fmt.Sprintf("%s has nothing to do with %s", name, word))
			}
		}
	}
	for name, text := range texts {
		if text.any("Read{", "Watch{") && !fed[name] {
			faults = append(faults, name+" looks at what no arrow brings")
		}
		for word, key := range keyWords {
			if text.any(key...) && !slices.Contains(named[name], word) {
				faults = append(faults, fmt.Sprintf("%s has to do with %s, which no arrow says", name, word))
			}
		}
	}
	return faults
}

// mailList is the picture as a list: who tells whom what, in the order in which they
// first speak.
func mailList(edges []edge) string {
	var speakers []string
	by := map[string][]edge{}
	for _, e := range edges {
		if by[e.from] == nil {
			speakers = append(speakers, e.from)
		}
		by[e.from] = append(by[e.from], e)
	}
	var b strings.Builder
	for _, name := range speakers {
		for _, e := range by[name] {
			fmt.Fprintf(&b, "//\t%-10s ► %-10s  %s\n", name, e.to, strings.Join(e.said, ", "))
			name = ""
		}
	}
	return b.String()
}
