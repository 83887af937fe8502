package actors

import (
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Config is what a PartitionManager is made of.
type Config struct {
	// Settings are all times, limits and choices; zero fields have their defaults.
	Settings partition.Settings
	// Strategy places partitions on workers: StrategyFrom, or an actor of your own
	// that answers messages.MakePlan. Nil is partition.Sticky.
	Strategy *actor.Props
	// Source lists the partitions: StaticSource, SourceFrom, bridge.FileSource,
	// bridge.KVSource, or an actor of your own that answers messages.ListPartitions.
	// It must be set. Of all workers' sources only the leader's counts.
	Source *actor.Props
	// Partition makes the actor that works on a partition while this worker owns
	// it; nil if there are none. It is called each time that one is started, also
	// after it failed, and must return new Props or ones without state.
	Partition func(partition.Owned) *actor.Props
}

// PartitionManager returns the Props of one worker of a group, to be spawned once
// in an actor system: everything else is below it. outside is bridge.NATS, or
// bridge.Over with another port. The error names what is wrong with the settings.
func PartitionManager(cfg Config, outside *actor.Props) (*actor.Props, error) {
	var faults []error
	if outside == nil {
		faults = append(faults, errors.New("outside is nil; must be Props, such as those of bridge.NATS"))
	}
	if cfg.Source == nil {
		faults = append(faults, errors.New("Config.Source is nil; must be Props, such as those of StaticSource"))
	}
	faults = append(faults, cfg.Settings.Validate())
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("actors: %w", err)
	}
	if cfg.Strategy == nil {
		cfg.Strategy = StrategyFrom(partition.Sticky{})
	}
	cfg.Settings = cfg.Settings.WithDefaults()
	producer := func() actor.Actor { return newManager(cfg, outside) }
	return stage.Rooted(stage.Props(producer, stage.OnPoison(func() any { return messages.Stop{} }))), nil
}
