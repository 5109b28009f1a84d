package spawn_test

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

var Half = spawn.Register("example.half", func(_ context.Context, n int) (int, error) { return n / 2, nil })

// Call runs a registered function in this process, for tests and debuggers.
func ExampleFunc_Call() {
	fmt.Println(Half.Call(context.Background(), 42))
	// Output: 21 <nil>
}
