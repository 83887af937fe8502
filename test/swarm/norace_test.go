//go:build !race

package swarm

import "time"

const (
	// fixed is how many seeds run with all tests, beginning with 1.
	fixed = 300
	// few is how many lives each set of faults gets.
	few = 4
	// takeovers is in how many orders of events the loss of a leadership is played;
	// -runs asks for more.
	takeovers = 200
	// restarts is how many lives of workers that restart are lived.
	restarts = 40
	// repeated is how many lives are lived twice; childhood is how much of many more.
	repeated, childhood = 4, 10 * time.Second
	// large is how many lives have assignments of several messages.
	large = 3
	// sizes is how many lives have fewer workers than a seed alone has, or more.
	sizes = 4
	// of so many other kinds of groups one is lived.
	kindsApart = 1
)
