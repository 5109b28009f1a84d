package spawn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// preparation is what a child must know before it can run anything: Python's preparation data. It travels over the
// link, never in argv or the environment.
type preparation struct {
	Name        string
	Identity    []uint32
	Daemon      bool
	ParentPid   int
	ParentName  string
	Fingerprint [16]byte
	Role        string
	// IgnoreInterrupt: the child drops SIGINT, as workers do.
	IgnoreInterrupt bool
	// LogLevel is the lowest level of records that the parent logs.
	LogLevel record.Level
	// Shared: the last files of the message are for a link of rings.
	Shared bool
	// Arg is for the role.
	Arg []byte
}

// encode writes p by hand: a compiled plan would cost every child a tenth of a millisecond before it can begin.
func (p *preparation) encode() []byte {
	b := make([]byte, 0, 256+len(p.Arg))
	b = append(b, p.Fingerprint[:]...)
	b = append(b, flag(p.Daemon), flag(p.IgnoreInterrupt), byte(p.LogLevel), flag(p.Shared))
	b = binary.AppendUvarint(b, uint64(p.ParentPid))
	for _, s := range []string{p.Name, p.ParentName, p.Role} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	b = binary.AppendUvarint(b, uint64(len(p.Identity)))
	for _, n := range p.Identity {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return append(b, p.Arg...)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

var errPreparation = errors.New("the preparation data is damaged")

// decode reads what encode wrote. p.Arg is a part of b.
func (p *preparation) decode(b []byte) error {
	if len(b) < len(p.Fingerprint)+4 {
		return errPreparation
	}
	b = b[copy(p.Fingerprint[:], b):]
	p.Daemon, p.IgnoreInterrupt, p.LogLevel, p.Shared, b = b[0] == 1, b[1] == 1, record.Level(b[2]), b[3] == 1, b[4:]
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			b = nil
			return math.MaxUint64
		}
		b = b[size:]
		return n
	}
	p.ParentPid = int(number())
	for _, s := range []*string{&p.Name, &p.ParentName, &p.Role} {
		n := number()
		if n > uint64(len(b)) {
			return errPreparation
		}
		*s, b = string(b[:n]), b[n:]
	}
	count := number()
	if count > uint64(len(b)) {
		return errPreparation
	}
	for range count {
		n := number()
		if n > math.MaxUint32 {
			return errPreparation
		}
		p.Identity = append(p.Identity, uint32(n))
	}
	p.Arg = b
	return nil
}

// refusal is a child's answer when it cannot get ready.
type refusal struct {
	Message  string
	Mismatch bool // the registries differ; Listed is the child's registry
	Listed   []listed
}

// Kinds of messages that belong to spawn. Those of roles begin at FirstKind.
const (
	kindPrepare link.Kind = iota + 1 // parent to child: preparation
	kindReady                        // child to parent: bootstrapping is over
	kindRefused                      // child to parent: refusal

	// KindStop, from parent to child, asks it to end: its context is over. The body is a Cause.
	KindStop
	// KindRecord, from child to parent, is a record of the log, for Child.Relay.
	KindRecord

	// kindSpare, from parent to child, makes it a spare: it answers with the same kind when it has reached Main, and then
	// waits for its preparation. The body is the parent's fingerprint.
	kindSpare

	// FirstKind is the first kind that a role may use.
	FirstKind link.Kind = 16
)

// The codecs are compiled when they are first needed: a child that gets ready and returns a result needs none.
var (
	refusalCodec = sync.OnceValue(func() *wire.Codec[refusal] { return must(wire.Compile[refusal]()) })
	failureCodec = sync.OnceValue(func() *wire.Codec[Failure] { return must(wire.Compile[Failure]()) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// EncodeFailure appends f to b.
func EncodeFailure(b *wire.Buffer, f *Failure) error { return failureCodec().Encode(b, f) }

// RemoteFailure makes the error by which the parent returns an encoded failure.
func RemoteFailure(data []byte, function string, index int, process string, pid int) error {
	f, err := DecodeFailure(data)
	if err != nil {
		return fmt.Errorf("mp: %s%s failed in %s (pid %d) and its error cannot be decoded: %w",
			function, item(index), process, pid, err)
	}
	return f.Remote(function, index, process, pid)
}

// DecodeFailure reads what EncodeFailure wrote.
func DecodeFailure(data []byte) (*Failure, error) {
	f := new(Failure)
	return f, failureCodec().Decode(data, nil, f)
}
