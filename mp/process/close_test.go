package process_test

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A process that has ended can be closed, even if Result does not have its outcome yet.
func TestCloseOnceItHasEnded(t *testing.T) {
	leak.Check(t)
	for range 50 {
		p := started(t, t.Context(), Deaf, 0, nil)
		child := mp.ActiveChildren()[0]
		p.Kill()
		<-child.Done()
		if err := p.Close(); err != nil {
			t.Fatalf("%v: %v", child, err)
		}
	}
}
