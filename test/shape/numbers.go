package shape

// numbers are the facts about NATS JetStream that the code relies on. Each has a
// contract test whose name carries its number, run against the simulated store
// and real servers, so that the simulation is not kinder than the truth; or, where
// not every host can show it (shown), against those that can.
var numbers = []claimed{
	{1, "", "a write is refused unless another subject is still at its sequence", proof},
	{2, "", "an atomic batch lands whole or not at all, checked at commit", proof},
	{3, "", "fence on term, which changes once a term, not on lead", proof},
	{4, "", "codes tell fenced, stale, in flight and unknown apart", proof},
	{5, "", "zombie writers get nothing in while leaders change", proof},
	{6, "", "a recreated stream refuses writes of the old incarnation", proof},
	{7, "", "updates drop per-key expiry, so no lease relies on it", proof},
	{8, "", "reads may be stale: they never authorise", proof},
	{9, "", "a watch falls silent after a restart or a recreated stream", proof},
	{10, "", "end of the initial values and end of the watch differ", proof},
	{11, "", "keys missing from a new snapshot are deletions", proof},
	{12, "", "no roll-up, purge or delete on the stream", proof},
	{13, "", "messages stay below the limit; larger records go in parts", proof},
	{14, "", "a denial comes from the connection and is final", proof},
	{15, "", "a client on an isolated node must be moved", proof},
	{16, "", "one key per watcher is cheap, a shared one is not", proof},
	{17, "", "watches come back with jitter between 100 ms and 30 s", proof},
	{18, "", "a durable consumer stays with its partition; who pulls moves", consume},
	{19, "", "many durables cost time and memory: lanes beyond hundreds", consume},
	{20, "", "acks of the old owner are accepted: effects carry the token", consume},
}
