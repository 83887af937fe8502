//go:build !race

package live

// stopsPerCase are made at once, each in a group of its own: 36 cases, 504 stops.
const stopsPerCase = 14

// spoiltEach is how many records each kind of damage hits: every one.
const spoiltEach = len(spoilt)
