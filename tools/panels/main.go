// Command panels prints the queries of a Grafana dashboard as rules for Prometheus, so that
// promtool can parse them.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
)

// dashboard is what there is to check of one.
type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

type rule struct {
	Record string `json:"record"`
	Expr   string `json:"expr"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

func main() {
	log.SetFlags(0)
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	groups, err := groups(data)
	if err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string][]group{"groups": groups}) // which is YAML, too
}

// groups has one group for each panel.
func groups(data []byte) ([]group, error) {
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	var all []group
	for n, p := range d.Panels {
		g := group{Name: p.Title}
		for i, t := range p.Targets {
			expr := strings.ReplaceAll(t.Expr, "$__rate_interval", "5m")
			g.Rules = append(g.Rules, rule{Record: fmt.Sprintf("panel:%d:query:%d", n, i), Expr: expr})
		}
		if len(g.Rules) == 0 {
			return nil, fmt.Errorf("the panel %q has no query", p.Title)
		}
		all = append(all, g)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there are no panels")
	}
	return all, nil
}
