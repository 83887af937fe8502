// Package connect reads a context of the nats command, in which an installation may
// already have what its programs need to reach NATS. It belongs to a program, not to
// Troupe, which takes the connection that the program has made.
package connect

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"
)

// saved is what a file of a context says, as far as this program understands it.
type saved struct {
	URL         string `json:"url"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Token       string `json:"token"`
	Creds       string `json:"creds"`
	NKey        string `json:"nkey"`
	Cert        string `json:"cert"`
	Key         string `json:"key"`
	CA          string `json:"ca"`
	InboxPrefix string `json:"inbox_prefix"`
	TLSFirst    bool   `json:"tls_first"`
}

// Context reads the file of a context, which is ~/.config/nats/context/NAME.json, and
// returns what nats.Connect needs: add nats.MaxReconnects(-1).
func Context(file string) (url string, opts []nats.Option, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	var c saved
	if err := json.Unmarshal(text, &c); err != nil {
		return "", nil, fmt.Errorf("the context %s: %w", file, err)
	}
	add := func(said bool, opt nats.Option) {
		if said {
			opts = append(opts, opt)
		}
	}
	add(c.User != "", nats.UserInfo(c.User, c.Password))
	add(c.Token != "", nats.Token(c.Token))
	add(c.Creds != "", nats.UserCredentials(c.Creds))
	add(c.Cert != "", nats.ClientCert(c.Cert, c.Key))
	add(c.CA != "", nats.RootCAs(c.CA))
	add(c.InboxPrefix != "", nats.CustomInboxPrefix(c.InboxPrefix))
	add(c.TLSFirst, nats.TLSHandshakeFirst())
	if c.NKey != "" {
		nkey, err := nats.NkeyOptionFromSeed(c.NKey)
		if err != nil {
			return "", nil, fmt.Errorf("the context %s: %w", file, err)
		}
		opts = append(opts, nkey)
	}
	return c.URL, opts, nil
}
