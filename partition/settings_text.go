package partition

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names returns the names of all settings, in the order of their fields, such as Lease
// and WorkerIDs.Count: what Set takes.
func (s Settings) Names() []string {
	var names []string
	for _, l := range s.leaves() {
		names = append(names, l.name)
	}
	return names
}

// Set gives the field of this name the value that a text says, and remembers where the
// text was read, for Validate and Explain: a file with its line, or a variable. Durations
// are written as time.ParseDuration wants them, lists with commas, choices in small
// letters, Off as off. Zero, and a text that is empty, would mean the default, and are
// faults: what is to have its default is left out. The error is a FieldError; whether
// the value is allowed is for Validate to say.
func (s *Settings) Set(name, text, from string) error {
	at := slices.IndexFunc(s.leaves(), func(l leaf) bool { return l.name == name })
	if at < 0 {
		return FieldError{Field: name, Value: strconv.Quote(text), Rule: "the name of a setting", From: from}
	}
	l := s.leaves()[at]
	if rule := l.read(text); rule != "" {
		return FieldError{Field: name, Value: strconv.Quote(text), Rule: rule, From: from}
	}
	s.origins = maps.Clone(s.origins)
	if s.origins == nil {
		s.origins = map[string]origin{}
	}
	s.origins[name] = origin{value: l.text(), from: from}
	return nil
}

// Origin returns where the value of a field was read, or nothing if it was not, or was
// changed since.
func (s Settings) Origin(name string) string {
	o, known := s.origins[name]
	if !known {
		return ""
	}
	for _, l := range s.leaves() {
		if l.name == name && l.text() == o.value {
			return o.from
		}
	}
	return ""
}

// Preset returns the settings of this name, default, fast or conservative, and
// remembers the name for Explain.
func Preset(name string) (Settings, bool) {
	presets := map[string]func() Settings{"default": Default, "fast": Fast, "conservative": Conservative}
	preset, known := presets[name]
	if !known {
		return Settings{}, false
	}
	s, d := preset(), Default()
	s.origins = map[string]origin{}
	standard := d.leaves()
	for i, l := range s.leaves() {
		if l.text() != standard[i].text() {
			s.origins[l.name] = origin{value: l.text(), from: "preset " + name}
		}
	}
	return s, true
}

// origin is where a value was read.
type origin struct{ value, from string }

// leaf is one field of the settings, or of what is grouped in them.
type leaf struct {
	name string
	at   reflect.Value
}

// leaves returns all fields that can be set, in order.
func (s *Settings) leaves() []leaf { return leavesOf("", reflect.ValueOf(s).Elem()) }

func leavesOf(prefix string, v reflect.Value) (all []leaf) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case !field.IsExported():
		case field.Type.Kind() == reflect.Struct:
			all = append(all, leavesOf(field.Name+".", v.Field(i))...)
		default:
			all = append(all, leaf{prefix + field.Name, v.Field(i)})
		}
	}
	return all
}

// text returns the value as Set reads it.
func (l leaf) text() string {
	switch v := l.at.Interface().(type) {
	case []string:
		return strings.Join(v, ",")
	case time.Duration, int, float64:
		if fmt.Sprint(v) == fmt.Sprint(reflect.ValueOf(Off).Convert(l.at.Type()).Interface()) {
			return "off"
		}
	}
	return fmt.Sprint(l.at.Interface())
}

// read takes the value that a text says, or returns what the text must be.
func (l leaf) read(text string) (rule string) {
	if text == "" {
		return "something: what is to have its default is left out"
	}
	switch at := l.at.Addr().Interface().(type) {
	case *string:
		*at = text
		return ""
	case *[]string:
		*at = strings.Split(text, ",")
		return ""
	case *bool:
		return parsed(at, text, strconv.ParseBool, "true or false")
	case *StopPolicy:
		return chosen(at, text, Leave, Restart)
	case *Ownership:
		return chosen(at, text, Exclusive, Available)
	case *time.Duration:
		return l.number(text, parsed(at, text, time.ParseDuration, "a duration with its unit, such as 1.5s or 200ms"))
	case *int:
		return l.number(text, parsed(at, text, strconv.Atoi, "a whole number"))
	case *float64:
		return l.number(text, parsed(at, text, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }, "a number"))
	}
	panic("partition: " + l.name + " has a type that no text is read for")
}

func parsed[T any](at *T, text string, parse func(string) (T, error), rule string) string {
	v, err := parse(text)
	if err != nil {
		return rule
	}
	*at = v
	return ""
}

func chosen[T interface {
	comparable
	fmt.Stringer
}](at *T, text string, choices ...T) string {
	for _, c := range choices {
		if c.String() == text {
			*at = c
			return ""
		}
	}
	return fmt.Sprintf("%v or %v", choices[0], choices[1])
}

// number adds to what was read of a number what every number may not be.
func (l leaf) number(text, rule string) string {
	d := Default()
	standard := d.leaves()[slices.Index(d.Names(), l.name)].at
	switch {
	case text == "off":
		l.at.Set(reflect.ValueOf(Off).Convert(l.at.Type()))
		return ""
	case rule != "":
		return rule + ", or off if it can be"
	case l.at.IsZero() && !standard.IsZero():
		return "other than 0: what is to have its default is left out"
	}
	return ""
}
