package logging_test

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

// talkative is a value that logs when it is printed.
type talkative struct{}

func (talkative) String() string {
	slog.New(logging.Handler()).Warn("about to be printed")
	return "printed"
}

// A value that logs while it is printed does not block the log: its own record comes first.
func TestValueThatLogs(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer func(f *os.File) { os.Stderr = f }(os.Stderr)
	os.Stderr = w
	mp.LogToStderr(slog.LevelWarn)
	slog.New(logging.Handler()).Warn("see", "value", talkative{})
	logging.Off()
	w.Close()
	said, _ := io.ReadAll(r)
	if s := string(said); !strings.Contains(s, ": about to be printed\n") || !strings.HasSuffix(s, ": see: value=printed\n") {
		t.Errorf("%q", s)
	}
}

// A value without a key is logged with the key !BADKEY.
func TestValueWithoutKey(t *testing.T) {
	c := &collector{level: slog.LevelWarn}
	logging.ToSlog(c)
	defer logging.Off()
	logging.Logger().Warn("odd", "key", 1, "lonely")
	if got := fmt.Sprint(c.said("odd")[0]["key"], c.said("odd")[0]["!BADKEY"]); got != "1lonely" {
		t.Error(got)
	}
}
