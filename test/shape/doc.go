// Package shape holds the style of the repository as rules that are tested:
// which room may import which, how large files and functions are, what is
// documented and how, how messages are worded, what the actors must not touch,
// which facts about the store and which hazards have a test, and that the
// drawn diagrams are those of the tables that run.
//
// A rule is a function from parsed files to findings, one sentence each, with
// the place, what is wrong and the rule broken. Every rule is tried on planted
// offences too, so that one that matches nothing is noticed. Limits and lists
// of exceptions are data; they get stricter, never looser.
package shape
