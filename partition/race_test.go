//go:build race

package partition

// exhausted is how many partitions every state is tried of: fewer where everything takes
// five times as long, as each one more makes four times as many. The same states are
// tried without the detector, too.
const exhausted = 6

// thousands is how many cases of a strategy's property are tried: the detector has nothing
// to find there but what a hundred show, and thousands are tried without it.
const thousands = 100
