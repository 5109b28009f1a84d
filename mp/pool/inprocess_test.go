package pool_test

import (
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Each call of Heed sends to begun when it begins, and to ended when its ctx has ended.
var heeded = struct{ begun, ended chan struct{} }{make(chan struct{}), make(chan struct{})}

var Heed = mp.Register("heed", func(ctx context.Context, _ struct{}) (int, error) {
	heeded.begun <- struct{}{}
	<-ctx.Done()
	heeded.ended <- struct{}{}
	return 0, ctx.Err()
})

// A function InProcess cannot be killed. Its ctx must end even if the pool gives its worker up at once: nothing else tells the
// function to stop.
func TestInProcessGivenUp(t *testing.T) {
	leak.Check(t)
	for how, end := range map[string]func(p *mp.Pool, f *mp.Future[int], cancel func()){
		"cancel": func(_ *mp.Pool, f *mp.Future[int], _ func()) { f.Cancel() },
		"ctx":    func(_ *mp.Pool, _ *mp.Future[int], cancel func()) { cancel() },
		"close":  func(p *mp.Pool, _ *mp.Future[int], _ func()) { p.Close() },
	} {
		for range 100 {
			p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, InProcess: true, KillDelay: -1})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			f := mp.Submit(ctx, p, Heed, struct{}{})
			<-heeded.begun
			end(p, f, cancel)
			select {
			case <-heeded.ended:
			case <-time.After(10 * time.Second):
				t.Fatalf("%s: the ctx of the function has not ended", how)
			}
			cancel()
			p.Close()
		}
	}
}

// held is the argument of HoldFile, which keeps the file until its ctx ends or, if Quick is set, closes it at once.
type held struct {
	File  *os.File
	Quick bool
}

var HoldFile = mp.Register("hold-file", func(ctx context.Context, h held) (int, error) {
	defer h.File.Close()
	if h.Quick {
		return 0, nil
	}
	select {
	case heeded.begun <- struct{}{}:
		<-ctx.Done()
	case <-ctx.Done(): // the pool was closed just before
	}
	return 0, ctx.Err()
})

// The files of items that a worker InProcess has not begun are closed with the pool, wherever they wait: in the task at work, or
// behind it.
func TestFilesOfItemsNotBegun(t *testing.T) {
	leak.CheckUncollected(t)
	p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, InProcess: true})
	if err != nil {
		t.Fatal(err)
	}
	var reads []*os.File
	var args []held
	for i := range 12 { // quick ones first, so that the pool sends tasks ahead
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		reads, args = append(reads, r), append(args, held{w, i < 4})
	}
	mapped := make(chan error)
	go func() {
		_, err := mp.Map(t.Context(), p, HoldFile, args, mp.ChunkSize(2))
		mapped <- err
	}()
	<-heeded.begun
	p.Close()
	if err := <-mapped; err == nil {
		t.Error("Map has done what nobody has begun")
	}
	for i, r := range reads {
		args[i].File.Close()
		r.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("pipe %d: %v", i, err)
		}
	}
}
