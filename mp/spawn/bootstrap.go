package spawn

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// From here on, the parent gets the dump of a fatal error of the Go runtime, also of one that an init function of the
// program causes.
func init() {
	if !boot.Child() {
		return
	}
	step("spawn_main: a parent has started this process; inheriting = %v", boot.Inheriting())
	crash := os.NewFile(boot.CrashFD(), "mp-crash")
	if crash == nil || debug.SetCrashOutput(crash, debug.CrashOptions{}) != nil {
		return // the dump still goes to standard error
	}
	crash.Close() // the runtime has its own copy
}

// child bootstraps this process and serves its role, Python's spawn_main. It returns the exit code.
func child() int {
	conn, err := sys.NewConn(boot.LinkFD())
	if err != nil {
		fmt.Fprintf(os.Stderr, "mp: a child cannot use its link: %v\n", err)
		return 1
	}
	var preamble [boot.PreambleSize]byte
	if _, err := io.ReadFull(conn, preamble[:]); err != nil {
		return orphanExitCode
	}
	l := link.NewStream(conn)
	role, self, answer, err := prepare(l)
	switch {
	case errors.Is(err, errOrphaned):
		return orphanExitCode
	case err != nil:
		refuse(l, err)
		return 1
	}
	self.stream = l
	who := *me()
	who.self = self
	known.Store(&who)
	boot.Finish()
	step("bootstrap: inheriting = %v; ready", boot.Inheriting())
	if l.Send(link.Msg{Kind: kindReady, Body: answer}) != nil {
		return orphanExitCode
	}
	Log.Info("process is ready")
	return role(self)
}

var errOrphaned = errors.New("the parent is gone")

// prepare reads the preparation data and applies it, Python's prepare.
func prepare(boot link.Link) (_ Role, _ *Self, answer []byte, _ error) {
	m, err := boot.Recv()
	if err == nil && m.Kind == kindSpare {
		m, err = standBy(boot, m)
	}
	if errors.Is(err, ErrBinaryMismatch) {
		return nil, nil, nil, err
	} else if err != nil {
		return nil, nil, nil, errOrphaned
	}
	var prep preparation
	if m.Kind != kindPrepare {
		return nil, nil, nil, fmt.Errorf("the first message is no preparation data but of kind %d", m.Kind)
	}
	if err := prep.decode(m.Body); err != nil {
		return nil, nil, nil, err
	}
	if prep.Fingerprint != sealed().fingerprint {
		return nil, nil, nil, ErrBinaryMismatch
	}
	role := roles[prep.Role]
	if role == nil {
		return nil, nil, nil, fmt.Errorf("no package of this program serves the role %q", prep.Role)
	}
	known.Store(&identity{name: prep.Name, path: prep.Identity, daemon: prep.Daemon})
	l, answer := accept(boot, &m, prep.Shared)
	logToParent(l, prep.LogLevel)
	sys.SetProcessName(prep.Name)
	functions := "functions"
	if len(sealed().entries) == 1 {
		functions = "function"
	}
	step("prepare: name %s, role %s, parent %s (pid %d), %d registered %s as in the parent",
		prep.Name, prep.Role, prep.ParentName, prep.ParentPid, len(sealed().entries), functions)
	if !awaitDebugger(&prep) {
		return nil, nil, nil, errOrphaned
	}
	hearInterrupts(prep.IgnoreInterrupt)
	// With a single processor, a busy function would keep this process from reading its link for 20 ms at a time.
	if runtime.GOMAXPROCS(0) < 2 {
		runtime.GOMAXPROCS(2)
	}
	return role, &Self{
		Link:       l,
		Arg:        link.Msg{Body: prep.Arg, Files: m.Files}, // borrowed from the link, never released
		parentPid:  prep.ParentPid,
		parentName: prep.ParentName,
		gone:       make(chan struct{}),
	}, answer, nil
}

// refuse tells the parent why this process cannot get ready.
func refuse(l link.Link, err error) {
	r := refusal{Message: err.Error()}
	if errors.Is(err, ErrBinaryMismatch) {
		r.Mismatch, r.Listed = true, sealed().list()
	}
	var b wire.Buffer
	if refusalCodec().Encode(&b, &r) == nil && l.Send(link.Msg{Kind: kindRefused, Body: b.Data}) == nil {
		l.Flush()
	}
}
