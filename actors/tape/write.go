package tape

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/asynkron/protoactor-go/actor"
)

var (
	timeType = reflect.TypeFor[time.Time]()
	pidType  = reflect.TypeFor[*actor.PID]()
)

// Writer writes the values of one actor.
type Writer struct {
	names  map[reflect.Type][]string // of the fields, quoted
	anchor time.Time                 // the first instant with a monotonic reading
}

// Append appends a value with its type.
func (w *Writer) Append(b []byte, v any) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	t := reflect.TypeOf(v)
	b = append(strconv.AppendQuote(append(b, '['), t.String()), ',')
	return append(w.value(b, addressable(reflect.ValueOf(v))), ']')
}

// addressable returns the value where its fields can be opened.
func addressable(v reflect.Value) reflect.Value {
	at := reflect.New(v.Type()).Elem()
	at.Set(v)
	return at
}

// opened is a field as if it were exported.
func opened(field reflect.Value) reflect.Value {
	if field.CanInterface() {
		return field
	}
	return reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem()
}

func (w *Writer) value(b []byte, v reflect.Value) []byte {
	switch v.Type() {
	case timeType:
		t, _ := v.Interface().(time.Time)
		return w.instant(b, t)
	case pidType:
		pid, _ := v.Interface().(*actor.PID)
		return name(b, pid)
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		return append(strconv.AppendFloat(append(b, '"'), v.Float(), 'g', -1, 64), '"') // NaN is no number of JSON
	case reflect.String:
		return text(b, v.String())
	case reflect.Struct:
		return w.fields(b, v)
	case reflect.Array:
		return w.list(b, v)
	default:
		return w.reference(b, v)
	}
}

// reference writes what can be nil, and then is something else than empty.
func (w *Writer) reference(b []byte, v reflect.Value) []byte {
	if v.IsZero() {
		return append(b, "null"...)
	}
	switch v.Kind() {
	case reflect.Slice:
		return w.list(b, v)
	case reflect.Map:
		return w.pairs(b, v)
	case reflect.Pointer:
		return append(w.value(append(b, '['), v.Elem()), ']')
	case reflect.Interface:
		return w.Append(b, v.Interface())
	default:
		panic(fmt.Sprintf("tape: %s cannot be written", v.Type()))
	}
}

// instant keeps the distance to the first one: clocks may be set meanwhile, and their
// monotonic readings, by which actors compare, are not.
func (w *Writer) instant(b []byte, t time.Time) []byte {
	if monotonic := t.Round(0) != t; monotonic {
		if w.anchor.IsZero() {
			w.anchor = t
		}
		t = w.anchor.Add(t.Sub(w.anchor))
	}
	return append(t.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

func name(b []byte, pid *actor.PID) []byte {
	if pid == nil {
		return append(b, "null"...)
	}
	return text(b, pid.Id)
}

// text is a string of JSON, or, if that could not hold it, its base64 in an array.
func text(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		plain = plain && s[i] >= ' ' && s[i] < utf8.RuneSelf && s[i] != '"' && s[i] != '\\'
	}
	switch {
	case plain:
		return append(append(append(b, '"'), s...), '"')
	case !utf8.ValidString(s):
		return append(base64.StdEncoding.AppendEncode(append(b, `["`...), []byte(s)), `"]`...)
	}
	quoted, _ := json.Marshal(s) // a string of UTF-8 can be
	return append(b, quoted...)
}

func (w *Writer) list(b []byte, v reflect.Value) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = w.value(b, v.Index(i))
	}
	return append(b, ']')
}

func (w *Writer) pairs(b []byte, v reflect.Value) []byte {
	var all [][]byte
	for each := v.MapRange(); each.Next(); {
		pair := w.value([]byte{'['}, addressable(each.Key()))
		all = append(all, append(w.value(append(pair, ','), addressable(each.Value())), ']'))
	}
	slices.SortFunc(all, bytes.Compare)
	return append(append(append(b, '['), bytes.Join(all, []byte{','})...), ']')
}

func (w *Writer) fields(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	first := len(b)
	for i, name := range w.namesOf(v.Type()) {
		if v.Field(i).IsZero() {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = w.value(append(append(b, name...), ':'), opened(v.Field(i)))
	}
	return append(b, '}')
}

func (w *Writer) namesOf(t reflect.Type) []string {
	names, known := w.names[t]
	if known {
		return names
	}
	for i := range t.NumField() {
		names = append(names, strconv.Quote(t.Field(i).Name))
	}
	if w.names == nil {
		w.names = map[reflect.Type][]string{}
	}
	w.names[t] = names
	return names
}
