package bridge

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A delta says how a record differs from an earlier one, its base, whose bytes the
// reader has. It is a list of pairs: bytes that are new, then a range of the base
//
//	uvarint n, n bytes, uvarint length, varint from
//
// where from counts from the end of the range before. Ranges are found as in rsync
// (A. Tridgell, Efficient Algorithms for Sorting and Synchronization, 1999, chapter
// 3), by the blocks of the base; around the end of the range before, byte by byte.
// Records are lists in a fixed order, of which a few rows come, go or change.
const (
	// blockSize is that of the blocks by which ranges are found.
	blockSize = 16
	// nearby is how many bytes may be new or gone for a range to be found without them.
	nearby = 96
	// leastRange is how long a range must be to be worth its place.
	leastRange = 8
)

// writer of a delta.
type deltaWriter struct {
	base, next, out []byte
	blocks          map[[blockSize]byte]int
	done            int // so much of next is said
	end             int // of the range before
}

// deltaOf returns what makes next of base, nil if that is longer than most.
func deltaOf(base, next []byte, most int) []byte {
	w := &deltaWriter{base: base, next: next}
	for at := 0; at < len(next); {
		if len(w.out)+at-w.done > most {
			return nil
		}
		from, length := w.find(at)
		if length < leastRange {
			at++
			continue
		}
		for at > w.done && from > 0 && base[from-1] == next[at-1] {
			at, from, length = at-1, from-1, length+1
		}
		w.add(at, from, length)
		at += length
	}
	if w.done < len(next) {
		w.add(len(next), w.end, 0)
	}
	if len(w.out) > most {
		return nil
	}
	return w.out
}

// add says that next goes on with what is new until at, and then with a range.
func (w *deltaWriter) add(at, from, length int) {
	w.out = binary.AppendUvarint(w.out, uint64(at-w.done))
	w.out = append(w.out, w.next[w.done:at]...)
	w.out = binary.AppendUvarint(w.out, uint64(length))
	w.out = binary.AppendVarint(w.out, int64(from-w.end))
	w.done, w.end = at+length, from+length
}

// find returns the longest range that it finds of what next goes on with at a place.
func (w *deltaWriter) find(at int) (from, length int) {
	try := func(p int) {
		if n := common(w.base[p:], w.next[at:]); n > length {
			from, length = p, n
		}
	}
	fresh := at - w.done
	switch {
	case fresh == 0: // something of the base is gone
		for p := w.end; p <= min(w.end+nearby, len(w.base)); p++ {
			try(p)
		}
	case fresh <= nearby: // something is new, or takes the place of as much
		try(min(w.end, len(w.base)))
		try(min(w.end+fresh, len(w.base)))
	}
	if length < nearby && at+blockSize <= len(w.next) {
		if p, ok := w.index()[[blockSize]byte(w.next[at:])]; ok {
			try(p)
		}
	}
	return from, length
}

// index has the first place of each block. It is made when it is asked for.
func (w *deltaWriter) index() map[[blockSize]byte]int {
	if w.blocks == nil {
		w.blocks = make(map[[blockSize]byte]int, len(w.base)/blockSize)
		for p := len(w.base)/blockSize*blockSize - blockSize; p >= 0; p -= blockSize {
			w.blocks[[blockSize]byte(w.base[p:])] = p
		}
	}
	return w.blocks
}

// common counts the bytes with which both begin.
func common(a, b []byte) int {
	n := 0
	for n+8 <= len(a) && n+8 <= len(b) && binary.LittleEndian.Uint64(a[n:]) == binary.LittleEndian.Uint64(b[n:]) {
		n += 8
	}
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// mostMade is how many bytes a delta may make of its base. A few bytes of a delta can
// repeat all of it: whoever reads one that is foreign must not run out of memory.
func mostMade(base []byte) int { return 2*len(base) + maxPart }

var errDelta = errors.New("its delta is cut or foreign")

// undelta returns what a delta makes of its base, at most limit bytes.
func undelta(base, delta []byte, limit int) ([]byte, error) {
	var out []byte
	end := int64(0)
	for len(delta) > 0 {
		fresh, n := binary.Uvarint(delta)
		if n <= 0 || fresh > uint64(len(delta)-n) {
			return nil, errDelta
		}
		out = append(out, delta[n:n+int(fresh)]...)
		delta = delta[n+int(fresh):]
		length, n := binary.Uvarint(delta)
		if n <= 0 {
			return nil, errDelta
		}
		delta = delta[n:]
		skip, n := binary.Varint(delta)
		if n <= 0 || length > uint64(len(base)) || skip < -end || skip > int64(len(base))-int64(length)-end {
			return nil, errDelta
		}
		delta = delta[n:]
		from := end + skip
		end = from + int64(length)
		if len(out)+int(length) > limit {
			return nil, fmt.Errorf("its delta makes more than %d bytes", limit)
		}
		out = append(out, base[from:end]...)
	}
	return out, nil
}
