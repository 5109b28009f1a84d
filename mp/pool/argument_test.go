package pool

import (
	"sync"
	"testing"
	"time"
)

// The pool may show the argument of a call, for blame, while the call is being cancelled.
func TestArgumentOfACancelledCall(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		var futures []*Future[time.Duration]
		for range 1000 {
			futures = append(futures, Submit(t.Context(), p, sleepy, time.Hour))
		}
		b := futures[0].call.batch
		var shown sync.WaitGroup
		for i, f := range futures {
			shown.Go(func() { b.argument(i) })
			f.Cancel()
		}
		shown.Wait()
	})
}
