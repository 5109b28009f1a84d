package spawn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// helper is a function for the tests of this package.
type helper[A, R any] struct{ *mp.Func[A, R] }

func (h helper[A, R]) runHere(t testing.TB) (R, error) {
	var zero A
	return h.run(t, zero, nil)
}

func (h helper[A, R]) run(t testing.TB, arg A, opts *mp.ProcessOptions) (R, error) {
	t.Helper()
	p, err := mp.Start(t.Context(), h.Func, arg, opts)
	if err != nil {
		var zero R
		return zero, err
	}
	return p.Result(t.Context())
}

var Env = helper[struct{}, []string]{mp.Register("env", func(context.Context, struct{}) ([]string, error) { return os.Environ(), nil })}

// Deep returns the environment of its descendant after more generations. It refers to itself, so init registers it.
var Deep helper[int, []string]

func init() {
	Deep = helper[int, []string]{mp.Register("deep", func(ctx context.Context, more int) ([]string, error) {
		if more == 0 {
			return os.Environ(), nil
		}
		p, err := mp.Start(ctx, Deep.Func, more-1, nil)
		if err != nil {
			return nil, err
		}
		return p.Result(ctx)
	})}
}

// Environment variables for the Go runtime and for the program reach grandchildren. PY-BOOT-04
func TestEnvironmentIsInherited(t *testing.T) {
	leak.Check(t)
	env, err := Deep.run(t, 2, &mp.ProcessOptions{
		Env: append(os.Environ(), "GOMEMLIMIT=1GiB", "TWICE=first", "GODEBUG=madvdontneed=1", "TWICE=last"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GOMEMLIMIT=1GiB", "GODEBUG=madvdontneed=1", "TWICE=last"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is not in %v", want, env)
		}
	}
	if slices.Contains(env, "TWICE=first") {
		t.Error("a variable is there twice")
	}
}

func noop(context.Context, int) (int, error) { return 0, nil }

type unsendable struct {
	Name     string
	Callback func()
}

// Register, RegisterInit and RegisterError panic when a registration cannot work; the text says what is wrong and where.
func TestRegisterRefuses(t *testing.T) {
	errSentinel := errors.New("x")
	for name, c := range map[string]struct {
		register func()
		want     []string
	}{
		"late": {
			func() { mp.Register("late", noop) },
			[]string{`Register("late")`, "spawn_test.go:", "after mp.Main", "main_test.go:"},
		},
		"nil": {
			func() { mp.Register[int, int]("nil", nil) },
			[]string{`Register("nil")`, "spawn_test.go:", "the function is nil"},
		},
		"unsendable argument": {
			func() { mp.Register("u", func(context.Context, unsendable) (int, error) { return 0, nil }) },
			[]string{`Register("u")`, "argument", "Callback", "func"},
		},
		"unsendable result": {
			func() { mp.Register("c", func(context.Context, int) (chan int, error) { return nil, nil }) },
			[]string{`Register("c")`, "result", "chan int"},
		},
		"nil init":  {func() { mp.RegisterInit[int]("i", nil) }, []string{`RegisterInit("i")`, "the function is nil"}},
		"late init": {func() { mp.RegisterInit("i", func(context.Context, int) error { return nil }) }, []string{"after mp.Main"}},
		"late err":  {func() { mp.RegisterError("e", errSentinel) }, []string{`RegisterError("e")`, "after mp.Main"}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text := fmt.Sprint(recover())
				for _, want := range c.want {
					if !strings.Contains(text, want) {
						t.Errorf("%q is not in: %s", want, text)
					}
				}
			}()
			c.register()
			t.Error("it was not refused")
		})
	}
}

// early has the panics of wrong registrations that package variables make, before Main.
var early = map[string]string{}

func try(name string, register func()) bool {
	defer func() { early[name] = fmt.Sprint(recover()) }()
	register()
	return true
}

var (
	first       = mp.Register("twice", noop)
	errSentinel = errors.New("of this test")
	_           = try("twice", func() { mp.Register("twice", noop) })
	_           = try("init", func() { mp.RegisterInit("twice", func(context.Context, int) error { return nil }) })
	_           = try("empty", func() { mp.Register("", noop) })
	_           = try("leading space", func() { mp.Register(" a", noop) })
	_           = try("trailing space", func() { mp.RegisterError("a ", errSentinel) })
	_           = try("tab", func() { mp.Register("a\tb", noop) })
	_           = try("other space", func() { mp.RegisterInit("a\u00a0b", func(context.Context, int) error { return nil }) })
	_           = try("control", func() { mp.RegisterError("a\x7fb", errSentinel) })
	_           = try("nil error", func() { mp.RegisterError("nil", nil) })
	_           = try("error", func() { mp.RegisterError("sentinel", errSentinel) })
	_           = try("error twice", func() { mp.RegisterError("sentinel", errSentinel) })
	_           = try("taken error", func() { mp.RegisterError("mp.ErrClosed", errSentinel) })
)

func TestRegisterRefusesEarly(t *testing.T) {
	for name, want := range map[string]string{
		"twice":          `mp: Register("twice") at`,
		"init":           `mp: RegisterInit("twice") at`,
		"empty":          "the name is empty",
		"leading space":  `Register(" a")`,
		"trailing space": `RegisterError("a ")`,
		"tab":            "or other white space",
		"other space":    "or other white space",
		"control":        "control characters",
		"nil error":      `RegisterError("nil")`,
		"error":          "<nil>",
		"error twice":    "was already registered at",
		"taken error":    `RegisterError("mp.ErrClosed")`,
	} {
		if !strings.Contains(early[name], want) {
			t.Errorf("%s: %q is not in: %s", name, want, early[name])
		}
	}
	for _, name := range []string{"twice", "init", "error twice"} {
		if strings.Count(early[name], "spawn_test.go:") != 2 {
			t.Errorf("%s: not both places are named: %s", name, early[name])
		}
	}
	if first.Name() != "twice" || first.String() != "mp.Func twice: func(int) int" {
		t.Errorf("%s, %v", first.Name(), first)
	}
}

// The name of a function or an error may have several words.
var (
	errNoSize = errors.New("no size")
	Resize    = mp.Register("resize images", func(_ context.Context, n int) (int, error) {
		if n == 0 {
			return 0, fmt.Errorf("this one: %w", errNoSize)
		}
		return n / 2, nil
	})
)

func init() { mp.RegisterError("no size", errNoSize) }

func TestNameOfWords(t *testing.T) {
	leak.Check(t)
	resize := helper[int, int]{Resize}
	if n, err := resize.run(t, 42, nil); n != 21 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := resize.run(t, 0, nil); !errors.Is(err, errNoSize) || !strings.HasPrefix(fmt.Sprint(err), "mp: resize images failed in ") {
		t.Error(err)
	}
}

// The functions registered here depend on the environment, so that a child can have others than its parent.
var _ = func() bool {
	if os.Getenv("MP_TEST_EXTRA") != "" {
		mp.Register("only.in.the.child", noop)
	}
	if os.Getenv("MP_TEST_OTHER") != "" {
		mp.Register("changing", func(context.Context, string) (bool, error) { return true, nil })
	} else if os.Getenv("MP_TEST_MISSING") == "" {
		mp.Register("changing", noop)
	}
	return true
}()

// Start refuses a child that has registered other functions, and its error lists the differences.
func TestBinaryMismatch(t *testing.T) {
	leak.Check(t)
	for variable, want := range map[string]string{
		"MP_TEST_EXTRA":   "+ only.in.the.child: registered in the child only",
		"MP_TEST_MISSING": "- changing: not registered in the child (here at ",
		"MP_TEST_OTHER":   "~ changing: func(string) bool in the child, func(int) int here",
	} {
		_, err := Env.run(t, struct{}{}, &mp.ProcessOptions{Env: append(os.Environ(), variable+"=1")})
		if !errors.Is(err, mp.ErrBinaryMismatch) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", variable, err)
		}
	}
}
