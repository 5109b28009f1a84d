package logging_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

var Greet = mp.Register("greet", func(_ context.Context, name string) (string, error) {
	slog.New(logging.Handler()).Info("greeting", "name", name)
	return "hello " + name, nil
})

func greet() {
	p, err := mp.Start(context.Background(), Greet, "bob", &mp.ProcessOptions{Name: "greeter"})
	if err == nil {
		_, err = p.Result(context.Background())
	}
	if err != nil {
		fmt.Println(err)
	}
}

// ToHclog sends what functions log in children, with slog or hclog, to a logger of the program.
func ExampleToHclog() {
	logging.ToHclog(hclog.New(&hclog.LoggerOptions{
		Name: "app", Output: os.Stdout, Level: hclog.Warn, DisableTime: true,
	}))
	defer logging.Off()
	greet() // logs at level info, which this logger leaves out
	fmt.Println("done")
	// Output: done
}

func ExampleToSlog() {
	logging.ToSlog(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == logging.PidKey || a.Key == slog.SourceKey {
				return slog.Attr{} // they differ from run to run
			}
			return a
		},
	}))
	defer logging.Off()
	greet()
	// Output:
	// level=INFO msg="process is ready" process=greeter task=greet
	// level=INFO msg=greeting process=greeter task=greet name=bob
	// level=INFO msg="process exiting" process=greeter task=greet exitcode=0
}
