package pool_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// poison is an argument that ends the process that decodes it.
type poison struct{ Parent int }

func (p *poison) MarshalBinary() ([]byte, error) {
	return []byte{byte(p.Parent), byte(p.Parent >> 8), byte(p.Parent >> 16), byte(p.Parent >> 24)}, nil
}

func (p *poison) UnmarshalBinary(b []byte) error {
	p.Parent = int(b[0]) | int(b[1])<<8 | int(b[2])<<16 | int(b[3])<<24
	if os.Getpid() == p.Parent {
		decodedHere = true
	}
	os.Exit(7)
	return nil
}

var decodedHere bool

var Swallow = mp.Register("swallow", func(context.Context, poison) (int, error) { return 0, nil })

// The pool does not decode an argument to show it in a blame: decoding it may have ended the worker.
func TestPoisonIsNotDecodedByThePool(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	var exit *mp.ExitError
	_, err := mp.Submit(t.Context(), p, Swallow, poison{os.Getpid()}).Wait(t.Context())
	if !errors.As(err, &exit) || exit.ExitCode != 7 || !strings.HasPrefix(exit.Arg, "{Parent:") || decodedHere {
		t.Errorf("%v", err)
	}
}
