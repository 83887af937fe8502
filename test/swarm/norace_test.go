//go:build !race

package swarm

// fixed is how many seeds run with all tests, beginning with 1.
const fixed = 300
