package wire

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
)

// maxDepth is how many pointers, slices, maps and anys may lie inside each
// other, in both directions. Only these can nest without end: structs and
// arrays nest as deeply as the type says.
const maxDepth = 10_000

var errTooDeep = errors.New("nested deeper than " + strconv.Itoa(maxDepth) + " levels")

// encoder writes one message.
type encoder struct {
	msg   *msgpack.Encoder // writes to out
	out   sink
	depth int
	lent  bool // user code has seen msg and may have kept it
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.msg = msgpack.NewEncoder(&e.out)
	return e
}}

func newEncoder(b *Buffer) *encoder {
	e := encoders.Get().(*encoder)
	e.out = sink{b: b, base: len(b.Files)}
	e.depth = 0
	return e
}

// release gives the encoder back, unless user code may still hold it: then it
// writes nowhere from now on.
func (e *encoder) release() {
	e.out = sink{}
	if !e.lent {
		encoders.Put(e)
	}
}

// sink is what our msgpack.Encoders write to. [Attach] recognizes them by it.
type sink struct {
	b    *Buffer
	base int // len(b.Files) when the message began
}

var errSinkClosed = errors.New("the message has already been encoded")

func (s *sink) Write(p []byte) (int, error) {
	if s.b == nil {
		return 0, errSinkClosed
	}
	return s.b.Write(p)
}

func (s *sink) WriteByte(c byte) error {
	if s.b == nil {
		return errSinkClosed
	}
	return s.b.WriteByte(c)
}

// attach adds a file to the message and returns its index there.
func (s *sink) attach(f *os.File) (uint32, error) {
	if s.b == nil {
		return 0, errSinkClosed
	}
	s.b.Files = append(s.b.Files, f)
	return uint32(len(s.b.Files) - s.base - 1), nil
}

func (e *encoder) enter() error {
	if e.depth++; e.depth > maxDepth {
		return fmt.Errorf("%w (a cycle?)", errTooDeep)
	}
	return nil
}

func (e *encoder) leave() { e.depth-- }

// fits refuses lengths that msgpack cannot express; msgpack would truncate them.
func fits(n int) error {
	if uint64(n) > math.MaxUint32 {
		return fmt.Errorf("length %d exceeds the limit of %d", n, uint32(math.MaxUint32))
	}
	return nil
}

func (e *encoder) list(n int) error {
	if err := fits(n); err != nil {
		return err
	}
	return e.msg.EncodeArrayLen(n)
}

func (e *encoder) dict(n int) error {
	if err := fits(n); err != nil {
		return err
	}
	return e.msg.EncodeMapLen(n)
}

func (e *encoder) bytes(p []byte) error {
	if err := fits(len(p)); err != nil {
		return err
	}
	if err := e.msg.EncodeBytesLen(len(p)); err != nil {
		return err
	}
	e.out.b.Data = append(e.out.b.Data, p...)
	return nil
}

func (e *encoder) text(s string) error {
	if err := fits(len(s)); err != nil {
		return err
	}
	return e.msg.EncodeString(s)
}

// pad writes n zeros.
func (e *encoder) pad(n int) { e.out.b.Data = append(e.out.b.Data, make([]byte, n)...) }
