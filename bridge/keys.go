package bridge

import (
	"strconv"
	"strings"

	"github.com/troupe-actors/troupe/messages"
)

// A logical record is one message or, where it may grow large, several parts:
//
//	lead, term, live.<worker>, journal.<n>   one message, of that name
//	head, asg.<worker>                       parts head.<i>, asg.<worker>.<i>
//
// The parts of an assignment from 1 on may be an earlier one, to which part 0 is a delta.
//
// A subject is $KV.<group>.<incarnation>.<name>, so that the KV API of NATS can
// bind to the stream, and a write of a former incarnation finds no stream.

// streamName is what the KV API expects a bucket's stream to be called.
func streamName(group string) string { return "KV_" + group }

// subjectPrefix is what all subjects of one incarnation begin with.
func subjectPrefix(group, incarnation string) string {
	return "$KV." + group + "." + incarnation + "."
}

// parted reports whether records of this key are stored in parts.
func parted(key messages.Key) bool {
	return key == messages.KeyHead || strings.HasPrefix(string(key), "asg.")
}

// partName is the name of a record's part, below the prefix.
func partName(key messages.Key, part int) string {
	if !parted(key) {
		return string(key)
	}
	return string(key) + "." + strconv.Itoa(part)
}

// filterName is what a watch of this key or filter listens to.
func filterName(key messages.Key) string {
	if parted(key) {
		return string(key) + ".*"
	}
	return string(key)
}

// wild reports whether the key is a filter for several records.
func wild(key messages.Key) bool { return strings.Contains(string(key), "*") }

// keyOf returns the record and the part that a name belongs to.
func keyOf(name string) (key messages.Key, part int, ok bool) {
	head, tail, dotted := strings.Cut(name, ".")
	switch head {
	case "lead", "term":
		return messages.Key(name), 0, !dotted
	case "live", "journal":
		return messages.Key(name), 0, dotted && tail != "" && !strings.Contains(tail, ".")
	case "head":
		part, ok := partOf(tail)
		return messages.KeyHead, part, ok
	case "asg":
		worker, index, found := strings.Cut(tail, ".")
		part, ok := partOf(index)
		return messages.Key("asg." + worker), part, found && worker != "" && ok
	}
	return "", 0, false
}

// partOf reads the number of a part, as partName writes it.
func partOf(text string) (int, bool) {
	part, err := strconv.Atoi(text)
	return part, err == nil && part >= 0 && part < maxParts && strconv.Itoa(part) == text
}
