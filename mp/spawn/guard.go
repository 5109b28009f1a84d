package spawn

import (
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
)

// ErrBootstrapping is returned by whatever would start a process before this process may: from a package variable, an
// init function, a main that did not call mp.Main, a test binary without mp.TestMain, or a child that has not finished
// its own bootstrapping. Nothing was started.
//
//lint:ignore ST1005 these are Python's words
var ErrBootstrapping = errors.New(`An attempt has been made to start a new process before the
current process has finished its bootstrapping phase.

This probably means that you have forgotten to use the proper idiom
in the main package:

    func main() {
        mp.Main(run)
    }

or, in a package's tests:

    func TestMain(m *testing.M) { mp.TestMain(m) }`)

// tooEarly is ErrBootstrapping with the place of the attempt.
type tooEarly struct {
	site site
	who  string
}

func (e *tooEarly) Error() string {
	return fmt.Sprintf("%v\n\nThe attempt was made at %s, in %s.", ErrBootstrapping, e.site, e.who)
}

func (e *tooEarly) Unwrap() error { return ErrBootstrapping }

// Ready returns an error that is ErrBootstrapping while this process may not start others. Python's name for it is
// _check_not_importing_main.
func Ready() error {
	if boot.Finished() {
		return nil
	}
	step("check_not_importing_main: refused at %s; inheriting = %v", callSite(), boot.Inheriting())
	switch {
	case boot.Inheriting():
		return &tooEarly{site: callSite(), who: "a child process that has not reached mp.Main"}
	case boot.Entered():
		return &tooEarly{site: callSite(), who: "a process that is only just entering mp.Main"}
	default:
		return &tooEarly{site: callSite(), who: "a program that has not reached mp.Main"}
	}
}
