//go:build !race

package partition

// exhausted is how many partitions every state is tried of, at most.
const exhausted = 8
