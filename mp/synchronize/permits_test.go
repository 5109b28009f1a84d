package synchronize

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// A permit that a client was given comes back, once, if the client returns it as late, or leaves before it has confirmed it.
// A confirmed permit does not.
func TestGiven(t *testing.T) {
	for how, want := range map[string]int{"heard": 0, "late": 1, "left": 1} {
		t.Run(how, func(t *testing.T) {
			leak.Check(t)
			s := must(NewSemaphore(1))(t)
			ours, theirs := link.NewInProcess()
			there := s.ref.Over(ours, theirs)
			answer, err := there.Call(t.Context(), opAcquire, caller(), nil, nil)
			answer.Release()
			if answer.Kind != answerOK || err != nil {
				t.Fatal(answer.Kind, err)
			}
			for range 2 { // the second message has no effect
				switch how {
				case "heard":
					there.Post(opHeard, nil)
				case "late":
					there.Post(opReturn, nil)
				}
			}
			if _, err := there.Call(t.Context(), opState, nil, nil, nil); err != nil {
				t.Error(err)
			}
			number := there.Number()
			theirs.Close()
			until(t, func() bool { return !s.ref.IsClient(number) })
			if n, err := s.Value(); n != want || err != nil {
				t.Errorf("%d instead of %d, %v", n, want, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
