package shape

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	anchors = regexp.MustCompile(`[^\pL\pN _-]`)
)

// links finds links of documents to files and headings that are not there. Those to
// other places on the net are not looked at.
func links(documents []document, exists func(name string) bool) []string {
	texts := map[string]string{}
	for _, d := range documents {
		texts[d.path] = d.text
	}
	var found []string
	for _, d := range documents {
		if !strings.HasSuffix(d.path, ".md") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(d.text, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			name := path.Join(path.Dir(d.path), target)
			if target == "" {
				name = d.path
			}
			switch text, known := texts[name]; {
			case !exists(name):
				found = append(found, fmt.Sprintf("%s: links to %s, which does not exist", d.path, m[1]))
			case anchor != "" && known && !headed(text, anchor):
				found = append(found, fmt.Sprintf("%s: links to %s, and there is no such heading", d.path, m[1]))
			}
		}
	}
	return found
}

// headed reports whether a text has a heading of this anchor.
func headed(text, anchor string) bool {
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		if strings.ReplaceAll(anchors.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}
