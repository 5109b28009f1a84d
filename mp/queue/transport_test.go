package queue_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// An unknown word in MP_TRANSPORT is an error when a process first sends a queue of its own, and when it first uses a queue of
// another process.
func TestUnknownTransport(t *testing.T) {
	leak.Check(t)
	refused := func(err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "MP_TRANSPORT=pigeons: it must be shm or socket") {
			t.Error(err)
		}
	}
	q, err := queue.New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	a, b, err := mp.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	t.Run("owner", func(t *testing.T) {
		t.Setenv("MP_TRANSPORT", "pigeons")
		refused(a.Send(background, q))
	})
	env := append(os.Environ(), "MP_TRANSPORT=pigeons")
	p, err := mp.Start(background, PutAll, putArg{Q: q, Count: 1}, &mp.ProcessOptions{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(background)
	refused(err)
	if n := q.Len(); n != 0 {
		t.Errorf("%d items", n)
	}
}
