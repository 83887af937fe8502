package fsm

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Mermaid draws the table as a state diagram: an arrow for every pair of states
// with the messages that lead from one to the other. Mail that changes nothing
// is left out.
func (t *Table[A, S]) Mermaid() string {
	type arrow struct{ from, to S }
	var order []arrow
	labels := map[arrow][]string{}
	for _, r := range t.rows {
		for _, from := range r.from {
			for _, to := range r.to {
				if to == from {
					continue
				}
				a := arrow{from, to}
				if labels[a] == nil {
					order = append(order, a)
				}
				if name := word(r.message); !slices.Contains(labels[a], name) {
					labels[a] = append(labels[a], name)
				}
			}
		}
	}
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	fmt.Fprintf(&b, "    [*] --> %s\n", id(t.states[0]))
	for _, a := range order {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", id(a.from), id(a.to), strings.Join(labels[a], ", "))
	}
	for _, s := range t.states {
		if t.terminal[s] {
			fmt.Fprintf(&b, "    %s --> [*]\n", id(s))
		}
	}
	return b.String()
}

// id is a state's name as mermaid takes it.
func id[S ~string](s S) string { return strings.ReplaceAll(string(s), "-", "_") }

// word is the bare name of a message.
func word(m reflect.Type) string {
	if m.Kind() == reflect.Pointer {
		m = m.Elem()
	}
	return m.Name()
}
