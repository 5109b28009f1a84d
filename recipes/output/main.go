// Output passes what children write on to a file and to a logger.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Talk = mp.Register("talk", func(context.Context, int) (int, error) {
	fmt.Println("a line")
	fmt.Println("another line")
	fmt.Fprintln(os.Stderr, "a warning")
	return 0, nil
})

func main() { mp.Main(run) }

func run() error {
	file, err := os.Create("talk.out")
	if err != nil {
		return err
	}
	defer file.Close()
	if err := talk("Filed", file, file); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: untimed})).With("process", "Logged")
	return talk("Logged", lines{logger, slog.LevelInfo}, lines{logger, slog.LevelWarn})
}

func talk(name string, stdout, stderr io.Writer) error {
	ctx := context.Background()
	p, err := mp.Start(ctx, Talk, 0, &mp.ProcessOptions{Name: name, Stdout: stdout, Stderr: stderr})
	if err != nil {
		return err
	}
	return p.Join(ctx) // by then, all output has been written
}

// region lines
// lines logs what a process writes. A Write brings whole lines, one or more.
type lines struct {
	log   *slog.Logger
	level slog.Level
}

func (l lines) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		l.log.Log(context.Background(), l.level, string(bytes.TrimSuffix(line, []byte("\n"))))
	}
	return len(p), nil
}

// endregion

func untimed(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
