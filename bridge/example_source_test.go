package bridge_test

import (
	"fmt"
	"log"
	"path/filepath"

	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
)

// The partitions are those of a file, which is watched.
func ExampleFileSource() {
	source, err := bridge.FileSource(filepath.Join("config", "partitions.yaml"))
	cfg := actors.Config{Source: source}
	fmt.Println(err, cfg.Source != nil)

	_, err = bridge.FileSource("")
	fmt.Println(err)
	// Output:
	// <nil> true
	// bridge.FileSource: path is empty; must name a file
}

// The partitions are the keys of a NATS KV bucket, which is watched.
func ExampleKVSource() {
	server, err := embedded.Start(embedded.Config{Memory: true})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Stop()
	nc, err := server.Connect(nats.MaxReconnects(-1)) // yours: nats.Connect(url, …)
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()

	source, err := bridge.KVSource(nc, "partitions")
	if err != nil {
		log.Fatal(err)
	}
	_, err = actors.PartitionManager(actors.Config{Source: source}, bridge.NATS(nc, bridge.Config{Group: "orders"}))
	fmt.Println(err)
	// Output: <nil>
}
