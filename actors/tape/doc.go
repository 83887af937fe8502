// Package tape writes values of Go as text, and reads them again: what actors hear, and
// what they know. Unlike encoding/json it takes fields that are not exported, keeps what
// is empty apart from what is nil, strings that are no UTF-8, maps with any keys, and
// values whose type is open, with the name of that.
//
// A text is one line of JSON. A struct is an object without its zero fields; a slice is
// an array; a map is an array of pairs, sorted; what a pointer points to stands in an
// array of its own; a value of an interface is a pair of type and value; an instant is in
// UTC; an actor is its name.
//
// # Ordering
//
// Equal values are equal texts, whatever the order of a map. Instants of one Writer that
// have a monotonic reading are as far apart as by that: what compared them before can do
// so after they were read.
//
// # Failure
//
// What cannot be written, a function or a channel that is not nil, is a bug, and panics.
// A text that another build wrote is an error that names the type or the field which is
// not known.
//
// # Limits
//
// Two pointers to one value become pointers to two. Only types of the Vocabulary can be
// read where a type is open.
package tape
