//go:build unix

package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// deed is what an item of the torture does in its worker.
type deed struct {
	Call, N int // the number of its call, and its own number in the call, from 1
	What    string
	For     time.Duration // how long it works
	Size    int           // of its result
	Any     any
}

// deadly lists the deeds that end their worker, each with the exit code and the cause that the blame must name.
var deadly = map[string]struct {
	code  int
	cause spawn.Cause
}{
	"exit":     {99, mp.CauseExit},
	"kill":     {prog.KillCode, mp.CauseSignal},
	"fatal":    {2, mp.CauseFatal},
	"overflow": {2, mp.CauseFatal},
	"garbage":  {prog.KillCode, spawn.CauseLink},
}

// faulty lists the deeds that fail or end their worker, and flood, which only writes a lot of output.
var faulty = []string{"fail", "panic", "goexit", "bad argument", "bad result", "brittle", "flood", "exit", "kill", "fatal", "overflow", "garbage"}

// unending lists the deeds that do not end by themselves. Only calls that a time limit or a cancel ends get them.
var unending = []string{"wait", "deaf"}

// fruit is the result of a deed.
type fruit struct {
	N       int
	Data    []byte
	Any     any
	Brittle brittle
}

// brittle, when it is true, can be encoded but not decoded.
type brittle bool

var errBrittle = errors.New("it broke")

func (b brittle) MarshalBinary() ([]byte, error) {
	if b {
		return []byte{1}, nil
	}
	return []byte{0}, nil
}

func (b *brittle) UnmarshalBinary(data []byte) error {
	if len(data) != 1 || data[0] != 0 {
		return errBrittle
	}
	return nil
}

// right reports whether f is the result that a sequential run of d would give.
func (f *fruit) right(d deed) bool {
	return f.N == d.N*d.N && len(f.Data) == d.Size && bytes.Count(f.Data, []byte{byte(d.N)}) == d.Size
}

// sulk says how the initialiser of the torture behaves, and where its workers leave their marks.
type sulk struct {
	Dir     string
	Seed    uint64
	Workers int // how many behave well: the first ones, as there would be no pool otherwise
	Faults  bool
}

var (
	Deed  = mp.Register("deed", doDeed)
	Sulky = mp.RegisterInit("sulky", beSulky)
	marks *os.File
)

// beSulky opens the file of the marks. With Faults, some replacements fail, die or hang. The seed and the number of
// workers so far decide which ones.
func beSulky(ctx context.Context, s sulk) (err error) {
	if marks, err = os.OpenFile(filepath.Join(s.Dir, fmt.Sprint(os.Getpid())), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
		return err
	}
	before, err := os.ReadDir(s.Dir)
	number := len(before)
	if err != nil || !s.Faults || number <= s.Workers {
		return err
	}
	switch rand.New(rand.NewPCG(s.Seed, uint64(number))).IntN(20) {
	case 0:
		return errUnlucky
	case 1:
		os.Exit(7)
	case 2:
		prog.Kill(os.Getpid())
		select {}
	case 3:
		<-ctx.Done() // until its InitTimeout
	}
	return nil
}

func doDeed(ctx context.Context, d deed) (fruit, error) {
	fmt.Fprintf(marks, "start %d %d\n", d.Call, d.N)
	defer fmt.Fprintf(marks, "end %d %d\n", d.Call, d.N)
	f := fruit{N: d.N * d.N, Data: bytes.Repeat([]byte{byte(d.N)}, d.Size)}
	if d.N%2 == 0 {
		time.Sleep(d.For)
	} else {
		for end := time.Now().Add(d.For); time.Now().Before(end); {
		}
	}
	switch d.What {
	case "bad result":
		f.Any = func() {}
	case "brittle":
		f.Brittle = true
	case "flood":
		text := strings.Repeat(strings.Repeat("x", 100)+"\n", 2500)
		os.Stdout.WriteString(text)
		os.Stderr.WriteString(text)
	case "fatal":
		var mu sync.Mutex
		mu.Unlock()
	case "overflow":
		debug.SetMaxStack(256 << 10)
		f.N = deep(1)
	case "garbage":
		const link = 3 // the descriptor that the bootstrap gives to the worker's link
		syscall.Write(link, bytes.Repeat([]byte("garbage"), 100))
		select {}
	default:
		if _, err := do(ctx, task{d.N, d.What}); err != nil {
			return f, err
		}
	}
	return f, nil
}

// deep recurses until the stack overflows.
var deep func(n int) int

func init() { deep = func(n int) int { return deep(n+1) + n } }
