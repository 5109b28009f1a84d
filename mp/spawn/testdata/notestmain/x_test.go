package notestmain

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

func init() { prog.CountStart() }

var Hello = mp.Register("hello", func(context.Context, int) (int, error) { return 1, nil })

func TestStart(t *testing.T) {
	_, err := mp.Start(context.Background(), Hello, 0, nil)
	if !errors.Is(err, mp.ErrBootstrapping) {
		t.Fatalf("Start: %v", err)
	}
	t.Log(err)
}

func Example() {
	_, err := mp.Start(context.Background(), Hello, 0, nil)
	fmt.Println(errors.Is(err, mp.ErrBootstrapping))
	// Output: true
}
