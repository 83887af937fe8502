//go:build race

package live

// stopsPerCase is less where everything takes five times as long.
const stopsPerCase = 3
