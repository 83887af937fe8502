package main

// equivalent are the patches that break nothing, and why.
var equivalent = map[string]string{
	"noTermFence": "each write of a leader has a condition on the head that it read after it had its term; " +
		"the first write of the next term changes the head",
	"readHeadBeforeTerm": "what is written then has a condition on the very head that was read; if another term wrote " +
		"one since, the write is refused and everything is read again. Where there is no head, the term is still awaited",
	"staleAbandoned": "what its owner neither holds nor wrote off for this revoke has drained; what still runs is a handler " +
		"of an earlier grant, and every entry of the partition is waited for, from when it was first seen",
}
