package bridge

import (
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"github.com/troupe-actors/troupe/partition"
)

// envPrefix begins the variables that are settings.
const envPrefix = "TROUPE_"

// LoadSettings reads settings from a YAML file and from an environment, os.Environ(),
// which counts more. Either may be empty. A field of partition.Settings has its name
// with a small beginning in the file, and in capitals in the environment:
//
//	preset: fast            # TROUPE_PRESET=fast: default, fast or conservative
//	lease: 2s               # TROUPE_LEASE=2s
//	workerIDs:
//	  count: 50             # TROUPE_WORKER_IDS_COUNT=50
//	labels: [gpu, ssd]      # TROUPE_LABELS=gpu,ssd
//	moveLimit: off          # TROUPE_MOVE_LIMIT=off
//
// What neither names is that of the preset. A field or a variable that begins with
// TROUPE_ and is no setting is a fault. The error joins all faults, also what
// Settings.Validate says, each with file, line and column, or variable; those about a
// value are a partition.FieldError. Settings.Explain says what came from where.
func LoadSettings(file string, env []string) (partition.Settings, error) {
	l := settingsLoader{texts: map[string]placed{}}
	var inFile, inEnv []error
	if file != "" {
		inFile = l.file(file)
	}
	inEnv = l.env(env)
	faults := append(inFile, inEnv...)
	s := partition.Default()
	if p, given := l.texts[presetName]; given {
		preset, known := partition.Preset(p.text)
		if !known {
			faults = append(faults, partition.FieldError{Field: "Preset", Value: strconv.Quote(p.text), Rule: "default, fast or conservative", From: p.from})
		} else {
			s = preset
		}
	}
	s.PollInterval = 0 // it follows the lease
	for _, name := range s.Names() {
		if p, given := l.texts[name]; given {
			if err := s.Set(name, p.text, p.from); err != nil {
				faults = append(faults, err)
			}
		}
	}
	if err := s.Validate(); err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return partition.Settings{}, errors.Join(faults...)
	}
	return s, nil
}

// presetName stands beside the names of the settings.
const presetName = "Preset"

// placed is what was read for a setting, and where.
type placed struct{ text, from string }

// settingsLoader owns what was read, by the name of the setting. What is read later
// counts.
type settingsLoader struct{ texts map[string]placed }

func (l *settingsLoader) env(env []string) (faults []error) {
	names := map[string]string{}
	for _, name := range append(partition.Settings{}.Names(), presetName) {
		names[envName(name)] = name
	}
	for _, variable := range env {
		key, text, _ := strings.Cut(variable, "=")
		name, known := names[key]
		switch {
		case known:
			l.texts[name] = placed{text, key}
		case strings.HasPrefix(key, envPrefix):
			faults = append(faults, errors.New(key+": is no setting; variables that begin with "+envPrefix+" must be one"))
		}
	}
	return faults
}

func (l *settingsLoader) file(file string) []error {
	text, err := readFile(file)
	if err != nil {
		return []error{err}
	}
	r := &reader{name: file}
	if body := r.parse(text); body != nil {
		l.fields(r, body)
	}
	var faults []error
	for _, f := range r.faults {
		faults = append(faults, errors.New(f))
	}
	return faults
}

// fields reads a mapping of settings. Those with a dot are fields of a mapping in it.
func (l *settingsLoader) fields(r *reader, body ast.Node) {
	readers, groups := map[string]func(ast.Node){}, map[string]map[string]func(ast.Node){}
	for _, name := range append(partition.Settings{}.Names(), presetName) {
		read := func(n ast.Node) {
			if text, ok := r.scalars(name, n); ok {
				l.texts[name] = placed{text, r.at(place(n))}
			}
		}
		group, field, nested := strings.Cut(name, ".")
		if !nested {
			readers[yamlName(name)] = read
			continue
		}
		if groups[group] == nil {
			groups[group] = map[string]func(ast.Node){}
			readers[yamlName(group)] = func(n ast.Node) { r.fields(n, groups[group]) }
		}
		groups[group][yamlName(field)] = read
	}
	r.fields(body, readers)
}

// scalars returns the one value of a setting as it is written, or those of a list with
// commas between them.
func (r *reader) scalars(name string, n ast.Node) (text string, ok bool) {
	if name != "Labels" {
		return r.scalar(name, n)
	}
	var all []string
	before := len(r.faults)
	r.sequence(yamlName(name), n, func(item ast.Node) {
		text, _ := r.scalar("a label", item)
		if strings.Contains(text, ",") {
			r.fault(place(item), "a label has a comma; must be of A-Z, a-z, 0-9 and _.-")
		}
		all = append(all, text)
	})
	return strings.Join(all, ","), len(r.faults) == before
}

func (r *reader) scalar(name string, n ast.Node) (text string, ok bool) {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	r.fault(place(n), "%s is %s; must be one value", yamlName(name), kind(n))
	return "", false
}

// yamlName is the name of a setting in a file: its first word begins small.
func yamlName(name string) string {
	first := wordsOf(name)[0]
	return strings.ToLower(first) + strings.TrimPrefix(name, first)
}

// envName is the name of a setting in an environment.
func envName(name string) string {
	return envPrefix + strings.ToUpper(strings.Join(wordsOf(strings.ReplaceAll(name, ".", "")), "_"))
}

// wordsOf takes a name apart. A word begins with a capital, or is all capitals.
func wordsOf(name string) []string {
	var all []string
	begin, letters := 0, []rune(name)
	for i := 1; i < len(letters); i++ {
		after := i+1 < len(letters) && unicode.IsLower(letters[i+1]) && letters[i+1] != 's' // WorkerIDs
		if unicode.IsUpper(letters[i]) && (unicode.IsLower(letters[i-1]) || after) {
			all, begin = append(all, string(letters[begin:i])), i
		}
	}
	return append(all, string(letters[begin:]))
}
