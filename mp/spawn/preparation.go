package spawn

import (
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
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
	// IgnoreInterrupt: Ctrl-C is the parent's business.
	IgnoreInterrupt bool
	// Arg is for the role.
	Arg []byte
}

// refusal is a child's answer when it cannot get ready.
type refusal struct {
	Message  string
	Mismatch bool // the registries differ; Listed is the child's
	Listed   []listed
}

// Kinds of messages that belong to spawn. Those of roles begin at FirstKind.
const (
	kindPrepare link.Kind = iota + 1 // parent to child: preparation
	kindReady                        // child to parent: bootstrapping is over
	kindRefused                      // child to parent: refusal

	// KindStop, from parent to child, asks it to end: its context is over. The body is a Cause.
	KindStop

	// FirstKind is the first kind that a role may use.
	FirstKind link.Kind = 16
)

// The codecs are compiled when they are first needed: a child that gets ready needs one of them only.
var (
	preparationCodec = sync.OnceValue(func() *wire.Codec[preparation] { return must(wire.Compile[preparation]()) })
	refusalCodec     = sync.OnceValue(func() *wire.Codec[refusal] { return must(wire.Compile[refusal]()) })
	failureCodec     = sync.OnceValue(func() *wire.Codec[Failure] { return must(wire.Compile[Failure]()) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// EncodeFailure appends f to b.
func EncodeFailure(b *wire.Buffer, f *Failure) error { return failureCodec().Encode(b, f) }

// DecodeFailure reads what EncodeFailure wrote.
func DecodeFailure(data []byte) (*Failure, error) {
	f := new(Failure)
	return f, failureCodec().Decode(data, nil, f)
}
