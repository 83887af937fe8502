//go:build race

package partition

// exhausted is how many partitions every state is tried of: fewer where everything takes
// five times as long, as each one more makes four times as many. The same states are
// tried without the detector, too.
const exhausted = 6
