package shape

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	snippet = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")
	indent  = regexp.MustCompile(`(?m)^[ \t]+`)
	command = regexp.MustCompile("(?m)(?:^(?: {4})?|`)make ([a-z-]+)")
	target  = regexp.MustCompile(`(?m)^([a-z-]+):`)
	tests   = regexp.MustCompile(`\bTest[A-Z]\w*`)
)

// leftOut stands in a snippet for what does not matter there, and longest is how much
// that may be.
const (
	leftOut = "…"
	longest = `(?s:.{0,400}?)`
)

// snippets finds Go in documents that no compiler has seen: that does not stand, line by
// line, in a file of ours.
func snippets(all repository) []string {
	var found []string
	for _, d := range all.documents {
		if !strings.HasSuffix(d.path, ".md") {
			continue
		}
		for _, m := range snippet.FindAllStringSubmatch(d.text, -1) {
			parts := strings.Split(indent.ReplaceAllString(m[1], ""), leftOut)
			for i := range parts {
				parts[i] = regexp.QuoteMeta(parts[i])
			}
			if !shows(all.files, regexp.MustCompile(strings.Join(parts, longest))) {
				first, _, _ := strings.Cut(m[1], "\n")
				found = append(found, fmt.Sprintf("%s: no file of ours has the Go that begins with %q", d.path, first))
			}
		}
	}
	return found
}

func shows(files []*file, code *regexp.Regexp) bool {
	for _, f := range files {
		if code.MatchString(indent.ReplaceAllString(f.text, "")) {
			return true
		}
	}
	return false
}

// promises finds commands and tests that documents name and that are not there.
func promises(all repository) []string {
	targets, names := map[string]bool{}, ""
	for _, d := range all.documents {
		if d.path == "Makefile" {
			for _, m := range target.FindAllStringSubmatch(d.text, -1) {
				targets[m[1]] = true
			}
		}
		if strings.HasSuffix(d.path, "_test.go") {
			names += d.text
		}
	}
	var found []string
	for _, d := range all.documents {
		if !strings.HasSuffix(d.path, ".md") {
			continue
		}
		for _, m := range command.FindAllStringSubmatch(d.text, -1) {
			if !targets[m[1]] {
				found = append(found, fmt.Sprintf("%s: the Makefile has no %s", d.path, m[1]))
			}
		}
		for _, name := range tests.FindAllString(d.text, -1) {
			if !strings.Contains(names, "\nfunc "+name) {
				found = append(found, fmt.Sprintf("%s: no test begins with %s", d.path, name))
			}
		}
	}
	return found
}
