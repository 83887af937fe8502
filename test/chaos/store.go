//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/troupe-actors/troupe/test/umpire"
)

// stream is what the store says of the group's stream.
type stream struct {
	Error   *struct{ Description string }
	Config  map[string]json.RawMessage
	Cluster cluster
}

type cluster struct {
	Leader   string
	Replicas []struct {
		Name             string
		Current, Offline bool
		Lag              uint64
	}
}

// ask asks the store something about the stream.
func (f *fleet) ask(api string, question any) (s stream, err error) {
	data, err := json.Marshal(question)
	if err != nil {
		return s, err
	}
	m, err := f.nc.Request("$JS.API.STREAM."+api+".KV_"+group, data, time.Second)
	if err != nil {
		return s, err
	}
	err = json.Unmarshal(m.Data, &s)
	if err == nil && s.Error != nil {
		err = errors.New(s.Error.Description)
	}
	return s, err
}

// state is who leads the stream, and who follows how.
func (f *fleet) state() (cluster, error) {
	s, err := f.ask("INFO", struct{}{})
	return s.Cluster, err
}

// missing says what keeps the store from being whole: that a leader of the stream
// answers, and that each other node has all that it has.
func (f *fleet) missing() string {
	c, err := f.state()
	switch {
	case err != nil:
		return err.Error()
	case c.Leader == "":
		return "nobody leads the stream"
	case len(c.Replicas) != nodes-1:
		return fmt.Sprintf("%s knows %d others", c.Leader, len(c.Replicas))
	}
	for _, r := range c.Replicas {
		if r.Offline || !r.Current {
			return fmt.Sprintf("%s says of %s: offline %t, current %t, lag %d", c.Leader, r.Name, r.Offline, r.Current, r.Lag)
		}
	}
	return ""
}

// limit changes how many bytes the stream may hold; -1 is no limit. Below what it
// holds nothing more is written. It is asked until it is so.
func (f *fleet) limit(bytes int) error {
	for deadline := time.Now().Add(patience); ; sleep(umpire.Beat, nil) {
		s, err := f.ask("INFO", struct{}{})
		if err == nil {
			s.Config["max_bytes"], s.Config["discard"] = json.RawMessage(strconv.Itoa(bytes)), json.RawMessage(`"new"`)
			if _, err = f.ask("UPDATE", s.Config); err == nil {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the store's limit is not %d: %w", bytes, err)
		}
	}
}
