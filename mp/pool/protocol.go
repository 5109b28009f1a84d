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

// Messages between a pool and a worker. Every item of a call has a number, unique in the pool; the items of a chunk are
// numbered in a row. A worker runs what it is given in order, and answers each item with one result or failure.
//
// At any time the pool knows what a worker is running, so that it blames a death on the right item: an answer names the
// item that the worker starts next, and a worker that had nothing to do announces the first one with kindStarted.
const (
	kindTask       = spawn.FirstKind + iota // to the worker; ID: number of the first item; body: chunk header and items
	kindCancel                              // to the worker; ID: number of the first item; body: their count and the cause
	kindReady                               // to the pool: Init is done
	kindInitFailed                          // to the pool; body: failure
	kindStarted                             // to the pool; ID: number of the item
	kindResult                              // to the pool; ID: number; body: number of the next item, result
	kindFailure                             // to the pool; ID: number; body: number of the next item, failure
)

// taskHeader begins a chunk.
type taskHeader struct {
	function uint32
	count    uint32
	deadline int64 // how long the ctx of the call has got, in nanoseconds; 0: for ever
	timeout  int64 // how long each item has got from its start, in nanoseconds; 0: for ever
}

const (
	taskHeaderSize = 24
	itemHeaderSize = 12
	answerSize     = 8
)

func (h *taskHeader) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, h.function)
	b = binary.LittleEndian.AppendUint32(b, h.count)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.deadline))
	return binary.LittleEndian.AppendUint64(b, uint64(h.timeout))
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
	return h, body[taskHeaderSize:], nil
}

// appendItem encodes one argument behind the header that delimits it.
func appendItem(b *wire.Buffer, encode func(*wire.Buffer) error) error {
	start, files := len(b.Data), len(b.Files)
	b.Data = append(b.Data, make([]byte, itemHeaderSize)...)
	if err := encode(b); err != nil {
		b.Data, b.Files = b.Data[:start], b.Files[:files]
		return err
	}
	binary.LittleEndian.PutUint32(b.Data[start:], uint32(len(b.Files)-files))
	binary.LittleEndian.PutUint64(b.Data[start+4:], uint64(len(b.Data)-start-itemHeaderSize))
	return nil
}

// cutItem takes the first argument and its files off the front.
func cutItem(items []byte, files []*os.File) (arg []byte, own []*os.File, rest []byte, left []*os.File, err error) {
	if len(items) < itemHeaderSize {
		return nil, nil, nil, nil, errProtocol
	}
	n, size := binary.LittleEndian.Uint32(items), binary.LittleEndian.Uint64(items[4:])
	items = items[itemHeaderSize:]
	if uint64(n) > uint64(len(files)) || size > uint64(len(items)) {
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

func parseAnswer(body []byte) (next uint64, rest []byte, err error) {
	if len(body) < answerSize {
		return 0, nil, errProtocol
	}
	return binary.LittleEndian.Uint64(body), body[answerSize:], nil
}

// timeLeft is how long ctx has got, as a task header holds it. A duration, unlike a time, survives a change of the clock.
func timeLeft(ctx context.Context) int64 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return int64(max(time.Until(deadline), 1))
}

func unexpected(m link.Msg) error { return fmt.Errorf("%w: a message of kind %d", errProtocol, m.Kind) }
