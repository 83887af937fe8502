package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// play is a scene under way.
type play struct {
	world     *sim.World
	processes map[string]*sim.Process
	said      uint64 // lines of the trace that were written down
	// nextLost: the answer to the next publish of a key like this is lost.
	nextLost string
}

// seed of all plays.
const seed = 1

func begin(partitions int, settings partition.Settings, system *sim.System) *play {
	p := &play{processes: map[string]*sim.Process{}}
	list := make([]partition.Partition, partitions)
	for i := range list {
		list[i] = partition.Of(fmt.Sprintf("p%d", i+1))
	}
	p.world = sim.NewWorld(sim.Config{Seed: seed, Settings: settings, Partitions: list, System: system})
	p.world.Net.Lose = p.lose
	return p
}

func (p *play) lose(_ string, batch []bridge.Message) bool {
	if p.nextLost == "" {
		return false
	}
	for _, m := range batch {
		if strings.Contains(m.Subject, p.nextLost) {
			p.nextLost = ""
			return true
		}
	}
	return false
}

// do carries out one command.
func (p *play) do(words []string) error {
	verb, args := words[0], words[1:]
	if verb == "start" {
		h, err := habits(args[1:])
		if err == nil {
			p.processes[args[0]] = p.world.Start(args[0], h)
		}
		return err
	}
	switch verb {
	case "run":
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return err
		}
		if !p.world.Run(d) {
			return fmt.Errorf("%s", p.world.Broken(50))
		}
		return nil
	case "lose-answer":
		p.nextLost = "." + args[0]
		return nil
	case "recreate":
		p.world.Recreate()
		return nil
	}
	who, err := p.who(args[0])
	if err != nil {
		return err
	}
	return p.tell(who, verb, args[1:])
}

func (p *play) tell(who *sim.Process, verb string, args []string) error {
	switch verb {
	case "crash":
		who.Crash()
	case "stop":
		who.Stop(len(args) > 0 && args[0] == "restarting")
	case "pause":
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return err
		}
		who.Pause(d)
	case "owner":
		who.AskOwner(partition.PartitionID(args[0]))
	default:
		return fmt.Errorf("there is no command %q", verb)
	}
	return nil
}

func (p *play) who(name string) (*sim.Process, error) {
	if name == "leader" {
		if l := p.world.Leader(); l != nil {
			return l, nil
		}
		return nil, fmt.Errorf("nobody leads")
	}
	if p.processes[name] == nil {
		return nil, fmt.Errorf("there is no process %q", name)
	}
	return p.processes[name], nil
}

func habits(words []string) (h sim.Habits, err error) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "key":
			h.InstanceKey = value
		case "confirm":
			h.Confirm = true
		case "letgo":
			h.LetGo, err = span(value)
		case "drain":
			h.Drain, err = span(value)
		case "neverlead":
			h.NeverLead = true
		default:
			err = fmt.Errorf("there is no habit %q", key)
		}
		if err != nil {
			return h, err
		}
	}
	return h, nil
}

func span(text string) (time.Duration, error) {
	if text == "never" {
		return sim.Never, nil
	}
	return time.ParseDuration(text)
}

// news is what was said since it was asked last.
func (p *play) news() string {
	var b strings.Builder
	for _, l := range p.world.Trace.Since(p.said) {
		if !l.Hum {
			b.WriteString(l.String())
			b.WriteByte('\n')
		}
	}
	p.said = p.world.Trace.Count()
	return b.String()
}

// everything is all that was said in the whole play.
func (p *play) everything() []string {
	var out []string
	for _, l := range p.world.Trace.Since(0) {
		out = append(out, l.String())
	}
	return out
}
