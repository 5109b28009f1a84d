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

// This is a whole program, except that in a program the call of Main is the first statement of func main. Main never returns.
// run is what main would be in a program that starts no processes: only the first process calls it.
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
