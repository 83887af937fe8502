package tape

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Vocabulary has the types that are read where a type is open, by their names.
type Vocabulary map[string]reflect.Type

// NewVocabulary makes one of these types.
func NewVocabulary(types ...reflect.Type) Vocabulary {
	v := Vocabulary{}
	for _, t := range types {
		v[t.String()] = t
	}
	return v
}

// Read returns the value that Append wrote. The error says where in it something is that
// this build does not know.
func (v Vocabulary) Read(data []byte) (any, error) {
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	var from any
	if err := in.Decode(&from); err != nil {
		return nil, fmt.Errorf("tape: %w", err)
	}
	var out any
	if err := v.open(reflect.ValueOf(&out).Elem(), from); err != nil {
		return nil, fmt.Errorf("tape: %w", err)
	}
	return out, nil
}

// open reads a value with its type.
func (v Vocabulary) open(to reflect.Value, from any) error {
	if from == nil {
		return nil
	}
	pair, _ := from.([]any)
	if len(pair) != 2 {
		return unfit(to, from)
	}
	name, _ := pair[0].(string)
	t, known := v[name]
	if !known {
		return fmt.Errorf("the type %q is not known", name)
	}
	at := reflect.New(t).Elem()
	if err := v.set(at, pair[1]); err != nil {
		return err
	}
	if !t.AssignableTo(to.Type()) {
		return unfit(to, name)
	}
	to.Set(at)
	return nil
}

func unfit(to reflect.Value, from any) error {
	return fmt.Errorf("a %s cannot be read from %.60q", to.Type(), fmt.Sprint(from))
}

func (v Vocabulary) set(to reflect.Value, from any) error {
	if from == nil {
		return nil
	}
	if to.Kind() == reflect.Interface {
		return v.open(to, from)
	}
	switch from := from.(type) {
	case bool:
		return basic(to, from, reflect.Bool)
	case json.Number:
		return number(to, from.String())
	case string:
		return word(to, from)
	case map[string]any:
		return v.fields(to, from)
	case []any:
		return v.list(to, from)
	}
	return unfit(to, from)
}

func basic(to reflect.Value, from any, kind reflect.Kind) error {
	if to.Kind() != kind {
		return unfit(to, from)
	}
	to.Set(reflect.ValueOf(from).Convert(to.Type()))
	return nil
}

func number(to reflect.Value, from string) error {
	if i, err := strconv.ParseInt(from, 10, 64); err == nil && to.CanInt() && !to.OverflowInt(i) {
		to.SetInt(i)
		return nil
	}
	if u, err := strconv.ParseUint(from, 10, 64); err == nil && to.CanUint() && !to.OverflowUint(u) {
		to.SetUint(u)
		return nil
	}
	return unfit(to, from)
}

// word reads what is written with quotes: also numbers with a fraction, instants and
// names of actors.
func word(to reflect.Value, from string) error {
	switch {
	case to.Type() == timeType:
		at, err := time.Parse(time.RFC3339Nano, from)
		if err != nil {
			return unfit(to, from)
		}
		to.Set(reflect.ValueOf(at))
		return nil
	case to.Type() == pidType:
		to.Set(reflect.ValueOf(actor.NewPID("", from)))
		return nil
	case to.CanFloat():
		f, err := strconv.ParseFloat(from, 64)
		if err != nil {
			return unfit(to, from)
		}
		to.SetFloat(f)
		return nil
	}
	return basic(to, from, reflect.String)
}

func (v Vocabulary) fields(to reflect.Value, from map[string]any) error {
	if to.Kind() != reflect.Struct {
		return unfit(to, from)
	}
	for name, value := range from {
		field, known := to.Type().FieldByName(name)
		if !known || len(field.Index) != 1 {
			return fmt.Errorf("%s has no field %q", to.Type(), name)
		}
		if err := v.set(opened(to.FieldByIndex(field.Index)), value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// list reads what is written with brackets.
func (v Vocabulary) list(to reflect.Value, from []any) error {
	switch {
	case to.Kind() == reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), len(from), len(from)))
	case to.Kind() == reflect.Array && len(from) == to.Len():
	case to.Kind() == reflect.Map:
		return v.pairs(to, from)
	case to.Kind() == reflect.Pointer && len(from) == 1:
		to.Set(reflect.New(to.Type().Elem()))
		return v.set(to.Elem(), from[0])
	case to.Kind() == reflect.String && len(from) == 1:
		coded, _ := from[0].(string)
		plain, err := base64.StdEncoding.DecodeString(coded)
		if err != nil {
			return unfit(to, from)
		}
		to.SetString(string(plain))
		return nil
	default:
		return unfit(to, from)
	}
	for i, each := range from {
		if err := v.set(to.Index(i), each); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

func (v Vocabulary) pairs(to reflect.Value, from []any) error {
	to.Set(reflect.MakeMapWithSize(to.Type(), len(from)))
	for _, each := range from {
		pair, _ := each.([]any)
		if len(pair) != 2 {
			return unfit(to, each)
		}
		key, value := reflect.New(to.Type().Key()).Elem(), reflect.New(to.Type().Elem()).Elem()
		if err := v.set(key, pair[0]); err != nil {
			return err
		}
		if err := v.set(value, pair[1]); err != nil {
			return fmt.Errorf("%v: %w", pair[0], err)
		}
		to.SetMapIndex(key, value)
	}
	return nil
}
