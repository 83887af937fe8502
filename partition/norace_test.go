//go:build !race

package partition

// exhausted is how many partitions every state is tried of, at most.
const exhausted = 8

// thousands is how many cases of a strategy's property are tried.
const thousands = 2000
