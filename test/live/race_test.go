//go:build race

package live

// stopsPerCase is less where everything takes five times as long.
const stopsPerCase = 3

// spoiltEach is how many records each kind of damage hits; which ones, the kinds
// share among them.
const spoiltEach = 3
