package pool

import (
	"sync"
	"testing"
	"time"
)

// The argument of a call may be shown, for blame, while it is cancelled.
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
