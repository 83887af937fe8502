package tape_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors/tape"
)

type word string

type inner struct {
	Name word
	at   time.Time
}

type outer struct {
	inner
	small  int8
	Large  uint64
	Share  float64
	Yes    bool
	Bytes  [3]byte
	List   []inner
	Empty  []int
	None   []int
	nested map[inner]*inner
	Words  map[word][]string
	Any    any
	Ptr    *int
	pid    *actor.PID
	Odd    []string
	silent func()
}

var vocabulary = tape.NewVocabulary(reflect.TypeFor[outer](), reflect.TypeFor[*outer](), reflect.TypeFor[inner]())

// through is what a value is after it was written and read.
func through(t *testing.T, v any) any {
	t.Helper()
	var w tape.Writer
	text := w.Append(nil, v)
	out, err := vocabulary.Read(text)
	require.NoError(t, err, "%s", text)
	return out
}

func TestTape_Values(t *testing.T) {
	at, zero := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC), 0
	v := outer{
		inner: inner{"a \"b\"\n<é>", at}, small: -128, Large: math.MaxUint64, Share: 0.1, Yes: true, Bytes: [3]byte{1, 0, 255},
		List: []inner{{}, {Name: "x"}}, Empty: []int{}, nested: map[inner]*inner{{Name: "k"}: {at: at}, {Name: "j"}: nil},
		Words: map[word][]string{"nil": nil, "none": {}, "some": {""}}, Any: inner{Name: "open"}, Ptr: &zero,
		pid: actor.NewPID("", "w/calculator"), Odd: []string{"\xff\x00", "\\", "\u2028"},
	}
	require.Equal(t, v, through(t, v))
	require.Equal(t, &v, through(t, &v))
	require.Nil(t, through(t, nil))
	require.Equal(t, outer{Share: math.Inf(-1)}, through(t, outer{Share: math.Inf(-1)}))
	require.True(t, math.IsNaN(through(t, outer{Share: math.NaN()}).(outer).Share))
}

// Maps have no order, texts have.
func TestTape_EqualValuesAreEqualTexts(t *testing.T) {
	v := outer{Words: map[word][]string{}}
	for _, k := range "abcdefghijklmnop" {
		v.Words[word(k)] = []string{string(k)}
	}
	var w tape.Writer
	first := string(w.Append(nil, v))
	for range 10 {
		require.Equal(t, first, string(w.Append(nil, v)))
	}
}

// A clock that is set between two instants changes nothing of what is compared: their
// monotonic readings count, as they did before.
func TestTape_InstantsAreAsFarApartAsTheyWere(t *testing.T) {
	first := time.Now()
	later := setBy(first.Add(time.Second), -time.Hour)
	require.Equal(t, time.Second, later.Sub(first))
	require.True(t, later.Round(0).Before(first.Round(0)))
	var w tape.Writer
	read := func(at time.Time) time.Time {
		out, err := vocabulary.Read(w.Append(nil, inner{at: at}))
		require.NoError(t, err)
		return out.(inner).at
	}
	require.Equal(t, time.Second, -read(first).Sub(read(later)))
	stored := time.UnixMilli(5000) // has no such reading
	require.True(t, read(stored).Equal(stored))
}

// setBy is an instant as it is told when the clock was set by d: the monotonic reading is
// what it was. Package time has the seconds above the lowest 30 bits of its first field.
func setBy(at time.Time, d time.Duration) time.Time {
	field := reflect.ValueOf(&at).Elem().Field(0)
	wall := reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem()
	wall.SetUint(wall.Uint() + uint64(d/time.Second)<<30)
	return at
}

func TestTape_WhatCannotBeWrittenPanics(t *testing.T) {
	var w tape.Writer
	require.PanicsWithValue(t, "tape: func() cannot be written", func() { w.Append(nil, outer{silent: func() {}}) })
}

// What another build wrote is told by name.
func TestTape_Faults(t *testing.T) {
	for text, want := range map[string]string{
		`["tape_test.later",{}]`:                       `tape: the type "tape_test.later" is not known`,
		`["tape_test.outer",{"Large":1,"Gone":2}]`:     `tape: tape_test.outer has no field "Gone"`,
		`["tape_test.outer",{"small":200}]`:            `tape: small: a int8 cannot be read from "200"`,
		`["tape_test.outer",{"Large":-1}]`:             `tape: Large: a uint64 cannot be read from "-1"`,
		`["tape_test.outer",{"Yes":"true"}]`:           `tape: Yes: a bool cannot be read from "true"`,
		`["tape_test.outer",{"List":[{"at":"noon"}]}]`: `tape: List: 0: at: a time.Time cannot be read from "noon"`,
		`["tape_test.outer",{"Bytes":[1]}]`:            `tape: Bytes: a [3]uint8 cannot be read from "[1]"`,
		`["tape_test.outer",{"Words":[1]}]`:            `tape: Words: a map[tape_test.word][]string cannot be read from "1"`,
		`["tape_test.outer",{"Share":"much"}]`:         `tape: Share: a float64 cannot be read from "much"`,
		`["tape_test.outer",{"Any":{}}]`:               `tape: Any: a interface {} cannot be read from "map[]"`,
		`["tape_test.outer",[1]]`:                      `tape: a tape_test.outer cannot be read from "[1]"`,
		`["tape_test.outer",{`:                         `tape: unexpected EOF`,
	} {
		_, err := vocabulary.Read([]byte(text))
		require.EqualError(t, err, want, text)
	}
}
