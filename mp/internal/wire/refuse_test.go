package wire

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"unsafe"
)

const ownCodecAdvice = " its own codec (EncodeMsgpack/DecodeMsgpack, MarshalBinary or MarshalText)"

type (
	Job struct {
		Items    []int
		Callback func()
	}
	withChan      struct{ C chan int }
	withPointer   struct{ P unsafe.Pointer }
	withUintptr   struct{ U uintptr }
	withComplex   struct{ Z []complex128 }
	withSecret    struct{ secret int } //lint:ignore U1000 it is there to be refused
	withInterface struct{ S fmt.Stringer }
	withQueue     struct{ Q fakeQueue }
	withFile      struct{ F map[string]os.File }
	withMutex     struct{ Mu sync.Mutex }
	withAnyKey    struct{ M map[any]int }
	withDeepKey   struct{ M map[[2]Pair[int, any]]int }
	withPtrKey    struct{ M map[*int]int }
	withErrorKey  struct{ M map[error]int }
	withEmbedded  struct{ *hidden }
	withScalar    struct{ myInt }      //lint:ignore U1000 it is there to be refused
	half          struct{ secret int } //lint:ignore U1000 it is there to be refused
	withHalf      struct{ H half }
	okHalf        struct{ X int }
)

func (half) MarshalText() ([]byte, error)    { return nil, nil }
func (*okHalf) UnmarshalBinary([]byte) error { panic("not used") }

func refused[T any](t *testing.T, want string) {
	t.Helper()
	_, err := Compile[T]()
	if err == nil {
		t.Errorf("compiled; want %q", want)
	} else if err.Error() != want {
		t.Errorf("\n got %s\nwant %s", err, want)
	}
}

func TestRefusals(t *testing.T) {
	const no = " and cannot be sent to another process"
	tag := func(owner string) string { return "tag it `msgpack:\"-\"` or give " + owner + ownCodecAdvice }
	tagAfter := func(owner string) string { return "tag it `msgpack:\"-\"`, or give " + owner + ownCodecAdvice }
	refused[Job](t, "Job.Callback is a func"+no+": "+tag("Job"))
	refused[*[]Job](t, "*[]wire.Job[].Callback is a func"+no+": "+tag("Job"))
	refused[Pair[int, map[string]Job]](t, "Pair[int,map[string]wire.Job].Second[].Callback is a func"+no+": "+tag("Job"))
	refused[func()](t, "func() is a func"+no)
	refused[chan int](t, "chan int is a chan"+no)
	refused[withChan](t, "withChan.C is a chan"+no+": "+tag("withChan"))
	refused[withPointer](t, "withPointer.P is an unsafe.Pointer"+no+": "+tag("withPointer"))
	refused[withUintptr](t, "withUintptr.U is a uintptr"+no+": use uint64, "+tagAfter("withUintptr"))
	refused[withComplex](t, "withComplex.Z[] is a complex128"+no+": use a [2]float64, "+tagAfter("withComplex"))
	refused[withSecret](t, "withSecret.secret is unexported"+no+": export it, "+tagAfter("withSecret"))
	refused[withInterface](t, "withInterface.S is an interface (fmt.Stringer)"+no+": use a concrete type, "+tagAfter("withInterface"))
	refused[fmt.Stringer](t, "Stringer is an interface (fmt.Stringer)"+no+": use a concrete type")
	refused[withQueue](t, "withQueue.Q is a wire.fakeQueue by value"+no+": use *wire.fakeQueue, "+tagAfter("withQueue"))
	refused[fakeQueue](t, "fakeQueue is a wire.fakeQueue by value"+no+": use *wire.fakeQueue")
	refused[withFile](t, "withFile.F[] is an os.File by value"+no+": use *os.File, "+tagAfter("withFile"))
	refused[withMutex](t, "withMutex.Mu.mu is unexported"+no+": export it, "+tagAfter("Mutex"))
	refused[withAnyKey](t, "withAnyKey.M is a map with an interface in its key"+no+": use a key of a fixed type, "+tagAfter("withAnyKey"))
	refused[withErrorKey](t, "withErrorKey.M is a map with an interface in its key"+no+": use a key of a fixed type, "+tagAfter("withErrorKey"))
	refused[withDeepKey](t, "withDeepKey.M is a map with an interface in its key"+no+": use a key of a fixed type, "+tagAfter("withDeepKey"))
	refused[withPtrKey](t, "withPtrKey.M is a map with a pointer in its key"+no+": use a key of plain values, "+tagAfter("withPtrKey"))
	refused[withEmbedded](t, "withEmbedded.hidden is unexported"+no+": export it, "+tagAfter("withEmbedded"))
	refused[withScalar](t, "withScalar.myInt is unexported"+no+": export it, "+tagAfter("withScalar"))
	refused[withHalf](t, "withHalf.H.secret is unexported"+no+": export it, "+tagAfter("half")+" (wire.half has MarshalText but not UnmarshalText)")
	refused[chan Job](t, "chan wire.Job is a chan"+no)
	same(t, okHalf{3})
}

// A failed compilation leaves nothing behind that a later one would trust.
func TestRefusalIsRepeated(t *testing.T) {
	type loop struct {
		Next *loop
		Bad  func()
	}
	for range 2 {
		if _, err := Compile[loop](); err == nil {
			t.Fatal("compiled")
		}
		if _, err := Compile[*loop](); err == nil {
			t.Fatal("compiled")
		}
	}
}
