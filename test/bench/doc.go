// Package bench measures how long a group of ten workers with a thousand
// partitions takes to answer what happens to it, on an embedded NATS server:
//
//	make bench                                  all that is quick, less than 10 minutes
//	make bench BENCH=Leave/Fast TIMES=20        a part of it, with more samples
//	make bench BENCH=Detect TIMES=200           how joins are noticed: 10 minutes
//	make bench BENCH=JoinMany TIMES=200         joins with their windows: 12 minutes
//	make bench BENCH=IdleCrowd                  500 workers
//	make bench BENCH=Observed TIMES=500         metrics and journal: 2 minutes
//	make bench BENCH=Strategies TIMES=3         placement, beside other libraries: 6 minutes
//	make bench BENCH='Scale$$' TIMES=1          a hundred thousand partitions: 3 minutes
//	make bench BENCH=ScaleHeap TIMES=1          the memory of their leader: 2 minutes
//	make bench BENCH=Swarm TIMES=20             lives of the simulator: 2 minutes
//
// With ARGS=-write the grid of BenchmarkStrategies goes into docs/strategies.md.
//
// The tables at the end are those of docs/tuning.md. Each measurement is one event in a
// group at rest; p50 and p99 are over all samples, in milliseconds. What is measured is
// what subscribers see: a partition is without an owner from the moment that its worker
// let go of it, or crashed, until another worker hears that it owns it.
//
// BenchmarkIdle, BenchmarkManager, BenchmarkJoinBytes and BenchmarkElection count what a
// crowd of managers costs: they share one connection and one actor system, and the
// server runs in another process. make profile keeps what the processor and the
// memory were used for while partitions move.
//
// BenchmarkConsume compares bridge.Consume with the client's own consumers in one run;
// BenchmarkConsumeIdle and BenchmarkConsumeMove are what consumers cost, and how long
// partitions that move are not worked on; BenchmarkConsumeStop is how long a worker with
// thousands of partition actors takes to stop.
//
// # Limits
//
// All ten workers and the server share the cores of one machine, so that on a
// small one the processor is measured too. Ratios hold, absolutes do not.
package bench
