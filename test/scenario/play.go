package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
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
	copied   *sim.Copy
}

// seed of all plays.
const seed = 1

func begin(partitions int, settings partition.Settings, system *sim.System) *play {
	p := &play{processes: map[string]*sim.Process{}}
	p.world = sim.NewWorld(sim.Config{Seed: seed, Settings: settings, Partitions: numbered(partitions), Delays: true, System: system})
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
	case "list":
		return p.list(args)
	case "recreate":
		p.world.Recreate()
		return nil
	}
	if lost, err := p.loseRecords(verb, args); lost {
		return err
	}
	who, err := p.who(args[0])
	if err != nil {
		return err
	}
	return p.tell(who, verb, args[1:])
}

// loseRecords carries out commands about what the store forgets.
func (p *play) loseRecords(verb string, args []string) (done bool, err error) {
	switch verb {
	case "expire":
		age, err := time.ParseDuration(args[0])
		if err == nil {
			p.world.Expire(age)
		}
		return true, err
	case "copy":
		p.copied = p.world.Backup()
		return true, nil
	case "go-back":
		if !p.world.GoBack(p.copied) {
			return true, fmt.Errorf("somebody has not seen more than the copy has")
		}
		return true, nil
	}
	return false, nil
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
	case "cut":
		who.Port.Cut()
	case "heal":
		who.Port.Heal()
	case "refresh":
		return refresh(who, args)
	case "trouble":
		who.Trouble(sim.Trouble{Reason: strings.Join(args, " ")})
	case "silence":
		who.Trouble(sim.Trouble{Silent: true})
	case "owner":
		who.AskOwner(partition.PartitionID(args[0]))
	case "why":
		who.AskWhy(partition.PartitionID(args[0]))
	case "journal":
		who.AskJournal()
	case "ask":
		who.Ask()
	case "release":
		who.Release(partition.PartitionID(args[0]))
	case "delay":
		who.Delay(args[0], args[1])
	case "deliver":
		if !who.Deliver() {
			return fmt.Errorf("nothing is late")
		}
	case "drain":
		who.Drain(false)
	case "undrain":
		who.Drain(true)
	default:
		return fmt.Errorf("there is no command %q", verb)
	}
	return nil
}

// list changes what the sources list: so many partitions, some with another weight,
// some not.
func (p *play) list(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	list, gone := numbered(n), map[partition.PartitionID]bool{}
	for _, word := range args[1:] {
		name, weight, weighs := strings.Cut(word, "=")
		if !weighs {
			gone[partition.PartitionID(strings.TrimPrefix(name, "-"))] = true
			continue
		}
		i, err := strconv.Atoi(strings.TrimPrefix(name, "p"))
		if err == nil {
			list[i-1].Weight, err = strconv.ParseInt(weight, 10, 64)
		}
		if err != nil {
			return err
		}
	}
	p.world.List(slices.DeleteFunc(list, func(x partition.Partition) bool { return gone[x.ID()] }))
	return nil
}

func numbered(n int) []partition.Partition {
	list := make([]partition.Partition, n)
	for i := range list {
		list[i] = partition.Of(fmt.Sprintf("p%d", i+1))
	}
	return list
}

// refresh asks for one, which may be given a time.
func refresh(who *sim.Process, args []string) (err error) {
	var m messages.RefreshPartitions
	if len(args) > 0 {
		m.Within, err = time.ParseDuration(args[0])
	}
	if err == nil {
		who.Refresh(m)
	}
	return err
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
		case "fails":
			h.Fails = partition.PartitionID(value)
		case "quiet":
			h.Quiet = true
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
			b.WriteString(short(l.String()))
			b.WriteByte('\n')
		}
	}
	p.said = p.world.Trace.Count()
	return b.String()
}

// short cuts a line that names a thousand partitions.
func short(line string) string {
	const longest = 400
	if len(line) <= longest {
		return line
	}
	return fmt.Sprintf("%s … and %d bytes more", line[:longest/2], len(line)-longest/2)
}

// everything is all that was said in the whole play.
func (p *play) everything() []string {
	var out []string
	for _, l := range p.world.Trace.Since(0) {
		out = append(out, l.String())
	}
	return out
}
