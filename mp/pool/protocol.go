package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Messages between a pool and a worker. Every item of a call has a number, unique for its worker; the items of a chunk have
// successive numbers. A worker takes the items in order, and answers each with a result or a failure. At an item that the
// pool has taken back, it says that it skips this item and the rest of the chunk. Results may travel together.
//
// At any time the pool knows what a worker is running, so that it blames a death on the right item. There are two ways:
//
//   - Each item is told by itself: it is answered at once, and the answer names the item that the worker starts next. A
//     worker that had nothing to do announces the first one with kindStarted.
//   - Items are told in rows: the worker notes in the journal of the link which item it is at, which costs no message, and
//     collects the results on the journal's page. When the worker dies, the pool finds both there (row.go).
const (
	kindTask       = spawn.FirstKind + iota // to the worker; ID: number of the first item; body: task header and items
	kindCancel                              // to the worker, urged; ID: number of the first item; body: their count and the cause
	kindReady                               // to the pool: Init is done
	kindInitFailed                          // to the pool; body: failure
	kindStarted                             // to the pool; ID: number of the item
	kindResult                              // to the pool; ID: number of the first item; body: answer header and results
	kindFailure                             // to the pool; ID: number; body: answer header, failure
	kindSkipped                             // to the pool; ID: number of the first item of a chunk, or of its rest, that was taken back
)

// taskHeader begins a task: a chunk on its way.
type taskHeader struct {
	function uint32
	count    uint32
	deadline int64 // time left for the ctx of the call, in nanoseconds; 0: no deadline
	timeout  int64 // limit for each item from its start, in nanoseconds; 0: none
	telling  telling
	dense    bool // arguments and results are numbers that lie side by side (spawn.Dense); results come in rows
	apart    bool // each item has a ctx of its own, as the items are separate calls (batch)
}

// telling is how a worker reports the items of a chunk.
type telling uint32

const (
	tellEach    telling = iota // each item, at once
	tellRows                   // in rows, each item timed
	tellUntimed                // in rows that are timed as a whole, as an item takes less time than reading the clock
)

const (
	flagDense = 1 << iota
	flagApart
)

const (
	taskHeaderSize = 32
	itemHeaderSize = 8
	answerSize     = 32
)

func (h *taskHeader) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, h.function)
	b = binary.LittleEndian.AppendUint32(b, h.count)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.deadline))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.timeout))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.telling))
	var flags uint32
	if h.dense {
		flags |= flagDense
	}
	if h.apart {
		flags |= flagApart
	}
	return binary.LittleEndian.AppendUint32(b, flags)
}

// answerHeader begins an answer.
type answerHeader struct {
	next    uint64        // the item that the worker starts now, if that is told by itself; 0: none
	count   uint32        // how many results follow
	slowest uint32        // which result took longest, counted from 0
	took    time.Duration // time for all of them together, as the worker measured it; 0: not measured
	peak    time.Duration // time for the slowest one; 0: not measured
}

func (h *answerHeader) put(b []byte) {
	binary.LittleEndian.PutUint64(b, h.next)
	binary.LittleEndian.PutUint32(b[8:], h.count)
	binary.LittleEndian.PutUint32(b[12:], h.slowest)
	binary.LittleEndian.PutUint64(b[16:], uint64(h.took))
	binary.LittleEndian.PutUint64(b[24:], uint64(h.peak))
}

func parseAnswer(body []byte) (h answerHeader, rest []byte, err error) {
	if len(body) < answerSize {
		return h, nil, errProtocol
	}
	h.next = binary.LittleEndian.Uint64(body)
	h.count = binary.LittleEndian.Uint32(body[8:])
	h.slowest = binary.LittleEndian.Uint32(body[12:])
	h.took = time.Duration(binary.LittleEndian.Uint64(body[16:]))
	h.peak = time.Duration(binary.LittleEndian.Uint64(body[24:]))
	return h, body[answerSize:], nil
}

var errProtocol = errors.New("the peer does not keep to the protocol")

func parseTask(body []byte) (h taskHeader, items []byte, err error) {
	if len(body) < taskHeaderSize {
		return h, nil, errProtocol
	}
	h.function = binary.LittleEndian.Uint32(body)
	h.count = binary.LittleEndian.Uint32(body[4:])
	h.deadline = int64(binary.LittleEndian.Uint64(body[8:]))
	h.timeout = int64(binary.LittleEndian.Uint64(body[16:]))
	h.telling = telling(binary.LittleEndian.Uint32(body[24:]))
	h.dense, h.apart = body[28]&flagDense != 0, body[28]&flagApart != 0
	return h, body[taskHeaderSize:], nil
}

// Each item, an argument or a result, follows a word that holds its length in bytes and, from this bit on, how many of the
// message's files belong to it.
const filesShift = 48

// beginItem makes room for the word, and returns where the bytes and files of the item begin.
func beginItem(b *wire.Buffer) (start, files int) {
	b.Data = append(b.Data, 0, 0, 0, 0, 0, 0, 0, 0)
	return len(b.Data), len(b.Files)
}

// endItem fills in the word.
func endItem(b *wire.Buffer, start, files int) {
	word := uint64(len(b.Data)-start) | uint64(len(b.Files)-files)<<filesShift
	binary.LittleEndian.PutUint64(b.Data[start-itemHeaderSize:], word)
}

// cutItem cuts the first item and its files off the front.
func cutItem(items []byte, files []*os.File) (item []byte, own []*os.File, rest []byte, left []*os.File, err error) {
	if len(items) < itemHeaderSize {
		return nil, nil, nil, nil, errProtocol
	}
	word := binary.LittleEndian.Uint64(items)
	items = items[itemHeaderSize:]
	n, size := word>>filesShift, word&(1<<filesShift-1)
	if n > uint64(len(files)) || size > uint64(len(items)) {
		return nil, nil, nil, nil, errProtocol
	}
	return items[:size], files[:n], items[size:], files[n:], nil
}

func cancelMessage(first uint64, count int, cause spawn.Cause) link.Msg {
	return link.Msg{Kind: kindCancel, ID: first, Body: append(binary.LittleEndian.AppendUint64(nil, uint64(count)), cause...)}
}

func parseCancel(body []byte) (count uint64, cause spawn.Cause, err error) {
	if len(body) < 8 {
		return 0, "", errProtocol
	}
	return binary.LittleEndian.Uint64(body), spawn.Cause(body[8:]), nil
}

// timeLeft is the time left for ctx, as a task header holds it. A duration, unlike a time, survives a change of the clock.
func timeLeft(ctx context.Context) int64 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return int64(max(time.Until(deadline), 1))
}

func unexpected(m link.Msg) error { return fmt.Errorf("%w: a message of kind %d", errProtocol, m.Kind) }
