package bridge

import (
	"fmt"
	"strings"

	"github.com/troupe-actors/troupe/messages"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

// Inspect reads one message of a group's stream, for those who look at a store
// from outside: simulations and audits. A record that is stored in several parts
// cannot be read from one of them; the error says so, and the key is its key.
func Inspect(subject string, data []byte) (key messages.Key, record any, err error) {
	tokens := strings.SplitN(subject, ".", 4)
	if len(tokens) != 4 || tokens[0] != "$KV" {
		return "", nil, fmt.Errorf("%q is no subject of a group's stream", printable(subject))
	}
	key, _, ok := keyOf(tokens[3])
	if !ok {
		return "", nil, fmt.Errorf("%q is no key of a record", printable(tokens[3]))
	}
	if parted(key) {
		part := new(pb.Part)
		if err := unmarshal(data, part); err != nil {
			return key, nil, err
		}
		if part.GetCount() != 1 {
			return key, nil, errIncomplete
		}
		data = part.GetData()
	}
	record, err = decode(key, data)
	return key, record, err
}
