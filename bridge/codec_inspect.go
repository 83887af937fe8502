package bridge

import (
	"fmt"
	"strings"

	"github.com/troupe-actors/troupe/messages"
)

// Inspect reads one message of a group's stream, for those who look at a store
// from outside: simulations and audits. A record that is stored in several parts
// cannot be read from one of them; the error says so, and the key is its key.
func Inspect(subject string, data []byte) (key messages.Key, record any, err error) {
	tokens := strings.SplitN(subject, ".", 4)
	if len(tokens) != 4 || tokens[0] != "$KV" {
		return "", nil, fmt.Errorf("%q is no subject of a group's stream", printable(subject))
	}
	key, part, ok := keyOf(tokens[3])
	if !ok {
		return "", nil, fmt.Errorf("%q is no key of a record", printable(tokens[3]))
	}
	if parted(key) {
		p := newPieces()
		p.add(part, 1, data)
		if data, err = p.join(); err != nil {
			return key, nil, err
		}
	}
	record, err = decode(key, data)
	return key, record, err
}
