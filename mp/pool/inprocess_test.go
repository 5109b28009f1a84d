package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// heeded receives from each call of Heed: when it begins, and when its ctx has ended.
var heeded = struct{ begun, ended chan struct{} }{make(chan struct{}), make(chan struct{})}

var Heed = mp.Register("heed", func(ctx context.Context, _ struct{}) (int, error) {
	heeded.begun <- struct{}{}
	<-ctx.Done()
	heeded.ended <- struct{}{}
	return 0, ctx.Err()
})

// A function InProcess cannot be killed. Even if its worker is given up at once, its ctx must end, as nothing else tells
// it.
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
