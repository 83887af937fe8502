package bridge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/troupe-actors/troupe/messages"
)

// Inspector reads the messages of a group's stream in their order, for those who look
// at a store from outside: simulations and audits. The zero value has seen nothing.
type Inspector struct {
	records map[string]*pieces // of several parts, by what their subjects begin with
	told    map[string]uint64
	seen    uint64
}

// Read takes the next message. The record is nil if the message completes none: others
// must come before it can be understood, or it changes nothing. An error says why
// the message, or the record of which it is a part, is none.
func (i *Inspector) Read(subject string, data []byte) (key messages.Key, record any, err error) {
	key, part, err := keyIn(subject)
	if err != nil {
		return key, nil, err
	}
	if parted(key) {
		name := recordOf(subject)
		p := i.records[name]
		if p == nil {
			p = newPieces()
			if i.records == nil {
				i.records, i.told = map[string]*pieces{}, map[string]uint64{}
			}
			i.records[name] = p
		}
		i.seen++
		p.add(part, i.seen, data)
		data, err = p.join()
		switch {
		case errors.Is(err, errIncomplete):
			return key, nil, nil
		case err != nil:
			return key, nil, err
		case p.revision() == i.told[name]:
			return key, nil, nil
		}
		i.told[name] = p.revision()
	}
	record, err = decode(key, data)
	return key, record, err
}

// Torn reports whether the first part of a record of several was read, and others that
// go with it were not, or are of another record. subject is that of one of its messages.
func (i *Inspector) Torn(subject string) bool {
	p := i.records[recordOf(subject)]
	if p == nil || p.revision() == 0 {
		return false
	}
	_, err := p.join()
	return errors.Is(err, errIncomplete)
}

// recordOf is what the subjects of all parts of a record begin with.
func recordOf(subject string) string { return subject[:max(0, strings.LastIndexByte(subject, '.'))] }

// Inspect reads one message of a group's stream that is a whole record. Of one that is
// stored in several parts, the error says so, and the key is its key.
func Inspect(subject string, data []byte) (key messages.Key, record any, err error) {
	key, record, err = new(Inspector).Read(subject, data)
	if record == nil && err == nil {
		err = errIncomplete
	}
	return key, record, err
}

// keyIn returns the record and the part to which a subject belongs.
func keyIn(subject string) (messages.Key, int, error) {
	tokens := strings.SplitN(subject, ".", 4)
	if len(tokens) != 4 || tokens[0] != "$KV" {
		return "", 0, fmt.Errorf("%q is no subject of a group's stream", printable(subject))
	}
	key, part, ok := keyOf(tokens[3])
	if !ok {
		return "", 0, fmt.Errorf("%q is no key of a record", printable(tokens[3]))
	}
	return key, part, nil
}
