//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// missing says what keeps the store from being whole: that a leader of the stream
// answers, and that each other node has all that it has.
func (f *fleet) missing() string {
	m, err := f.nc.Request("$JS.API.STREAM.INFO.KV_"+group, nil, time.Second)
	if err != nil {
		return err.Error()
	}
	var info struct {
		Error   *struct{ Description string }
		Cluster struct {
			Leader   string
			Replicas []struct {
				Name             string
				Current, Offline bool
				Lag              uint64
			}
		}
	}
	if err := json.Unmarshal(m.Data, &info); err != nil {
		return err.Error()
	}
	switch {
	case info.Error != nil:
		return info.Error.Description
	case info.Cluster.Leader == "":
		return "nobody leads the stream"
	case len(info.Cluster.Replicas) != nodes-1:
		return fmt.Sprintf("%s knows %d others", info.Cluster.Leader, len(info.Cluster.Replicas))
	}
	for _, r := range info.Cluster.Replicas {
		if r.Offline || !r.Current {
			return fmt.Sprintf("%s says of %s: offline %t, current %t, lag %d", info.Cluster.Leader, r.Name, r.Offline, r.Current, r.Lag)
		}
	}
	return ""
}
