package queue

import (
	"encoding/binary"
	"errors"
	"os"
)

// item is an encoded value.
type item struct {
	data   []byte
	files  []*os.File
	number uint64 // its place in the order in which items came to the broker
}

var errItems = errors.New("the items are damaged")

// Items that lie one behind the other have a record each: a word with the length, and the bytes, padded to whole words.
const word = 8

// recordSize is how many bytes the record of an item of n bytes takes.
func recordSize(n int) int { return word + (n+word-1)&^(word-1) }

func appendRecord(b, data []byte) []byte {
	b = binary.NativeEndian.AppendUint64(b, uint64(len(data)))
	b = append(b, data...)
	var zeros [word]byte
	return append(b, zeros[:-len(data)&(word-1)]...)
}

func setSize(record []byte, n int) { binary.NativeEndian.PutUint64(record, uint64(n)) }

// firstSize is the length of the first item in records, which are whole.
func firstSize(records []byte) int { return int(binary.NativeEndian.Uint64(records)) }

// count is how many items lie in b; false: it does not hold whole records.
func count(b []byte) (n int, ok bool) {
	for ; len(b) > 0; n++ {
		if len(b) < word {
			return n, false
		}
		size := binary.NativeEndian.Uint64(b)
		if size > uint64(len(b)) || recordSize(int(size)) > len(b) {
			return n, false
		}
		b = b[recordSize(int(size)):]
	}
	return n, true
}
