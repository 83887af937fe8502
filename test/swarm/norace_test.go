//go:build !race

package swarm

import "time"

const (
	// fixed is how many seeds run with all tests, beginning with 1; everything: they are to
	// have each fault among them, and are followed by those that broke something once.
	fixed, everything = 300, true
	// few is how many lives each set of faults gets.
	few = 4
	// takeovers is in how many orders of events the loss of a leadership is played;
	// -runs asks for more.
	takeovers = 200
	// restarts is how many lives of workers that restart are lived.
	restarts = 40
	// repeated is how many lives are lived twice; begun is of how many their childhood is.
	repeated, begun, childhood = 4, 200, 10 * time.Second
	// large is how many lives have assignments of several messages.
	large = 3
	// sizes is how many lives have fewer workers than a seed alone has, or more: two of them have
	// 50 and 41, which take 2 s of a core each.
	sizes = 8
	// of so many other kinds of groups one is lived.
	kindsApart = 1
)
