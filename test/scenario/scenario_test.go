package scenario

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/internal/rows"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

var rewrite = flag.Bool("rewrite", false, "write down anew what is said in the plays")

const dashes = "----"

// scene is one block of a play: commands, and what was said.
type scene struct {
	above    string // comments before it
	commands []string
	said     string
	line     int
}

func TestPlays(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	played, taken := 0, map[string]bool{}
	rows.Taken = func(row string) { taken[row] = true }
	t.Cleanup(func() { rows.Taken = nil })
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			played++
			perform(t, file)
		})
	}
	if played < len(files) {
		return // somebody asked for some of them
	}
	t.Run("every row of the holder's table", func(t *testing.T) { require.Empty(t, untold(rows.Holder(), taken)) })
}

func perform(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	scenes := parse(string(text))
	p := &play{}
	defer func() {
		if p.world != nil {
			p.world.Close()
		}
	}()
	for i := range scenes {
		s := &scenes[i]
		for _, command := range s.commands {
			require.NoError(t, p.command(command), "%s:%d: %s", file, s.line, command)
		}
		said := p.news()
		if !*rewrite {
			require.Equal(t, s.said, said, "%s:%d: %s", file, s.line, strings.Join(s.commands, "; "))
		}
		s.said = said
	}
	if *rewrite {
		require.NoError(t, os.WriteFile(file, []byte(format(scenes)), 0o644))
	}
	facts(t, p, strings.TrimSuffix(file, ".txt")+".facts")
}

// command carries out a command; the first one makes the world.
func (p *play) command(text string) error {
	words := strings.Fields(text)
	if words[0] != "partitions" {
		return p.do(words)
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return err
	}
	settings := partition.Fast()
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "round":
			if settings.DrainRound, err = strconv.Atoi(value); err != nil {
				return err
			}
		case "quarantine":
			if settings.QuarantineFor, err = time.ParseDuration(value); err != nil {
				return err
			}
		case "default":
			settings = partition.Default()
		case "unbudgeted": // a partition actor may fail for ever
			settings.PoisonBudget = partition.Off
		case "available":
			settings.Ownership = partition.Available
		case "unsettled": // windows are waited out
			settings.SettleTime = partition.Off
		default:
			return fmt.Errorf("there is no setting %q", w)
		}
	}
	*p = *begin(n, settings, sim.NewSystem())
	p.world.Net.Lose = p.lose
	return nil
}

func facts(t *testing.T, p *play, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err, "every play ends with facts")
	n := 0
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			n++
			if err := p.check(line); err != nil {
				t.Errorf("%s:%d: %s: %v", file, i+1, line, err)
			}
		}
	}
	require.Positive(t, n, "%s has no facts", file)
}

func parse(text string) []scene {
	var out []scene
	var s scene
	said := false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case said && line != "":
			s.said += line + "\n"
		case said:
			out = append(out, s)
			s, said = scene{}, false
		case line == dashes:
			said = true
		case line == "" || strings.HasPrefix(line, "#"):
			s.above += line + "\n"
		default:
			s.commands, s.line = append(s.commands, line), i+1
		}
	}
	if len(s.commands) > 0 {
		out = append(out, s)
	}
	return out
}

func format(scenes []scene) string {
	var b strings.Builder
	for i, s := range scenes {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s.above)
		for _, c := range s.commands {
			b.WriteString(c + "\n")
		}
		b.WriteString(dashes + "\n" + s.said)
	}
	return b.String()
}

func TestAFactCanFail(t *testing.T) {
	p := &play{}
	require.NoError(t, p.command("partitions 2"))
	defer p.world.Close()
	require.NoError(t, p.command("start w1"))
	for _, fact := range []string{
		"covered", "owns w1 3", "state w1 Shutdown", "leader w1", "ended w1", "moves 1", "transfers 1", "overlaps 1", "heads 1", "dead letters 1",
		"says nonsense", "never starts", "first starts then nonsense", "last w1 nonsense", "owns w9 1",
		"within 1ns starts then Election", "within 1h nonsense then starts", "apart 1h starts then subscribed", "apart 1ns starts then nonsense", "sings w1",
	} {
		require.Error(t, p.check(fact), fact)
	}
	for _, command := range []string{"sing w1", "crash w9", "crash leader", "start w2 loudly", "run fast", "expire soon", "deliver w1"} {
		require.Error(t, p.command(command), command)
	}
}
