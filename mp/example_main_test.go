package mp_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Functions are registered at package level, so that children register them too.
var Shout = mp.Register("shout", func(_ context.Context, text string) (string, error) {
	return strings.ToUpper(text) + "!", nil
})

// A whole program, but for "func main()" around this statement: it is the first one there and never returns. run is what main would
// be without it; only the first process comes to it.
func ExampleMain() {
	mp.Main(run)
}

func run() error {
	ctx := context.Background()
	p, err := mp.Start(ctx, Shout, "hello", nil)
	if err != nil {
		return err
	}
	text, err := p.Result(ctx)
	fmt.Println(text)
	return err
}
