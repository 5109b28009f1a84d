package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

var Lend = mp.Register("lend", func(_ context.Context, path string) (*os.File, error) {
	if path == "exit" {
		os.Exit(99)
	}
	f, err := os.Open(strings.TrimSuffix(path, " closed"))
	if err == nil && strings.HasSuffix(path, " closed") {
		f.Close()
	}
	return f, err
})

func TestFilesToWorkers(t *testing.T) {
	p := newPool(t, nil)
	var files []*os.File
	for i := range 30 {
		path := filepath.Join(prog.TempDir(t), "f")
		os.WriteFile(path, fmt.Append(nil, "file ", i), 0o600)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	got, err := mp.Map(t.Context(), p, Read, files, mp.ChunkSize(10))
	for i, f := range files {
		f.Close()
		if err == nil && got[i] != fmt.Sprint("file ", i) {
			t.Errorf("file %d holds %q", i, got[i])
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A file that is closed too early, by the caller or by the worker, fails only its own item.
func TestFilesThatCannotBeSent(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, KillDelay: time.Minute})
	path := filepath.Join(prog.TempDir(t), "f")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	blocker := mp.Submit(t.Context(), p, Do, task{0, "wait"}) // keeps the worker busy, so that the next call waits
	f := open()
	early := mp.Submit(t.Context(), p, Read, f)
	f.Close() // allowed, as Submit has encoded it
	blocker.Cancel()
	if s, err := early.Wait(t.Context()); s != "text" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	if _, err := mp.Apply(t.Context(), p, Read, f); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file: %v", err)
	}
	good := open()
	defer good.Close()
	got, err := mp.Map(t.Context(), p, Read, []*os.File{good, f, good}, mp.KeepGoing(), mp.ChunkSize(3))
	if !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), "(item 1)") || got[0] != "text" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := mp.Apply(t.Context(), p, Lend, path+" closed"); err == nil || !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file comes back: %v", err)
	}
	g, err := mp.Apply(t.Context(), p, Lend, path)
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
	if s := p.Stats(); s.Started != 1 {
		t.Errorf("%d workers", s.Started)
	}
}

type callerAndFile struct {
	C *mp.Conn
	F *os.File
}

var Call = mp.Register("call", func(ctx context.Context, a callerAndFile) (int, error) {
	return 1, errors.Join(a.C.Send(ctx, "there"), a.C.Close(), a.F.Close())
})

// When the file beside an end of a Pipe cannot be sent, the end stays in this process: it can be used, and be sent again.
func TestPipeBesideAClosedFile(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	ctx := t.Context()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	closed, _ := os.Open(os.DevNull)
	closed.Close()
	ours, theirs, err := mp.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	for verb, try := range map[string]func(callerAndFile) error{
		"Submit": func(a callerAndFile) error { _, err := mp.Submit(ctx, p, Call, a).Wait(ctx); return err },
		"Apply":  func(a callerAndFile) error { _, err := mp.Apply(ctx, p, Call, a); return err },
	} {
		if err := try(callerAndFile{theirs, closed}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", verb, err)
		}
		if err := theirs.Send(ctx, "here"); err != nil {
			t.Fatalf("%s: %v", verb, err)
		}
		var got string
		if err := ours.Recv(ctx, &got); got != "here" || err != nil {
			t.Errorf("%s: %q, %v", verb, got, err)
		}
	}
	if _, err := mp.Apply(ctx, p, Call, callerAndFile{theirs, f}); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := ours.Recv(ctx, &got); got != "there" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// The pool closes the files of results that no caller gets. leak.Check would find them open.
func TestFilesOfResultsNobodyGets(t *testing.T) {
	p := newPool(t, nil)
	paths := []string{os.DevNull, os.DevNull, "/no/such/file", os.DevNull, os.DevNull}
	for range 20 {
		if _, err := mp.Map(t.Context(), p, Lend, paths); err == nil {
			t.Error("no error")
		}
		for f, err := range mp.IMap(t.Context(), p, Lend, func(yield func(string) bool) {
			for yield(os.DevNull) {
			}
		}) {
			if err != nil {
				t.Error(err)
			}
			f.Close()
			break
		}
		f := mp.Submit(t.Context(), p, Lend, os.DevNull)
		f.Cancel()
		if g, err := f.Wait(t.Context()); err == nil {
			g.Close()
		}
	}
}

// When a worker dies right after an item that returned a file, the caller gets the file, and that item is not blamed.
func TestFilesBeforeADeath(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	for range 5 {
		files, err := mp.Map(t.Context(), p, Lend, []string{os.DevNull, "exit", os.DevNull, os.DevNull, "exit"}, mp.KeepGoing(), mp.ChunkSize(5))
		for i, f := range files {
			if died := i == 1 || i == 4; (f == nil) != died {
				t.Errorf("item %d: %v", i, f)
			}
			if f != nil {
				f.Close()
			}
		}
		for i, err := range err.(interface{ Unwrap() []error }).Unwrap() {
			var exit *mp.ExitError
			if !errors.As(err, &exit) || exit.Index != []int{1, 4}[min(i, 1)] || exit.ExitCode != 99 {
				t.Errorf("%v", err)
			}
		}
	}
}

// A chunk that is withdrawn because of a file affects neither the worker, nor the chunk before it, nor the end of the call.
func TestWithdrawnChunks(t *testing.T) {
	p := newPool(t, nil)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	closed, _ := os.Open(os.DevNull)
	closed.Close()
	for range 100 { // the first error stops the call while other chunks are on their way
		files := []*os.File{closed, null, null, closed, closed, null, closed, closed}
		if _, err := mp.Map(t.Context(), p, Count1, files, mp.ChunkSize(2)); !errors.Is(err, os.ErrClosed) {
			t.Fatalf("%v", err)
		}
	}
	files := make([]*os.File, 400)
	for i := range files {
		files[i] = null
		if i%50 == 49 {
			files[i] = closed
		}
	}
	got, err := mp.Map(t.Context(), p, Count1, files, mp.KeepGoing())
	for i, n := range got {
		if want := files[i] == null; (n == 1) != want {
			t.Errorf("item %d gave %d", i, n)
		}
	}
	if !errors.Is(err, os.ErrClosed) || p.Stats().Started != 2 {
		t.Errorf("%d workers", p.Stats().Started)
	}
}

var Count1 = mp.Register("count1", func(_ context.Context, f *os.File) (int, error) { return 1, f.Close() })

// CloseItsFile is an initializer that closes the file that it gets, and ignores the queue.
var CloseItsFile = mp.RegisterInit("closeItsFile", func(_ context.Context, a fileAndQueue) error { return a.File.Close() })

type fileAndQueue struct {
	File  *os.File
	Queue *mp.Queue[int]
}

var PutOne = mp.Register("putOne", func(ctx context.Context, q *mp.Queue[int]) (int, error) { return 0, q.Put(ctx, 1) })

// The workers of a pool InProcess get files and handles of their own, too: the caller can still use its file and its queue.
func TestInitFilesInProcess(t *testing.T) {
	leak.Check(t)
	q, err := mp.NewQueue[int](0)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 2 {
		child, err := mp.Start(t.Context(), PutOne, q, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := mp.NewPool(t.Context(), &mp.PoolOptions{InProcess: true, Workers: 2, Init: CloseItsFile.With(fileAndQueue{f, q})})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.Stat(); err != nil {
			t.Error(err)
		}
		if _, err := child.Result(t.Context()); err != nil {
			t.Error(err)
		}
		if v, err := q.TryGet(); v != 1 || err != nil {
			t.Error(v, err)
		}
	}
}

// ReadItsFile is an initializer that reads the file and the shared memory that it gets, and closes both.
var ReadItsFile = mp.RegisterInit("readItsFile", func(_ context.Context, a fileAndMemory) error {
	b := make([]byte, 4)
	if _, err := a.File.ReadAt(b, 0); err != nil || string(b) != "dear" || a.Memory.Bytes()[0] != 7 {
		return fmt.Errorf("%q, %d: %w", b, a.Memory.Bytes()[0], err)
	}
	return errors.Join(a.File.Close(), a.Memory.Close())
})

type fileAndMemory struct {
	File   *os.File
	Memory *sharedmem.SharedMemory
}

// When NewPool has returned, the caller may close the files and the shared memory of the argument of Init: workers that start
// later get them all the same.
func TestInitFilesAreTheCallers(t *testing.T) {
	path := filepath.Join(prog.TempDir(t), "letter")
	if err := os.WriteFile(path, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, inProcess := range []bool{false, true} {
		t.Run(fmt.Sprintf("InProcess %v", inProcess), func(t *testing.T) {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := sharedmem.New(100)
			if err != nil {
				t.Fatal(err)
			}
			m.Bytes()[0] = 7
			p := newPool(t, &mp.PoolOptions{
				InProcess: inProcess, Workers: 1, MaxTasksPerWorker: 1, Init: ReadItsFile.With(fileAndMemory{f, m}),
			})
			if err := errors.Join(f.Close(), m.Close()); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := mp.Apply(t.Context(), p, Square, 3); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A pool that could not be started has closed its own copies of the files and the shared memory of the argument of Init.
func TestInitFilesOfNoPool(t *testing.T) {
	leak.Check(t)
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := sharedmem.New(100)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, inProcess := range []bool{false, true} {
		opts := &mp.PoolOptions{InProcess: inProcess, Workers: 2, Init: ReadItsFile.With(fileAndMemory{f, m})}
		if _, err := mp.NewPool(t.Context(), opts); err == nil {
			t.Error("an initializer that fails fails nothing")
		}
	}
}
