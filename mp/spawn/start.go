package spawn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/popen"
)

// bootLimit is how long a child may take to get ready, its packages' init functions included. Tests change it.
var bootLimit = 60 * time.Second

const (
	// DefaultKillDelay is the time between asking a child to stop and killing it.
	DefaultKillDelay = time.Second
	// crashSize is how much of a fatal dump is kept.
	crashSize = 1 << 20
)

// argv are the arguments of every child: those that this program was started with, because init functions may parse flags.
var argv = slices.Clone(os.Args)

// Spec says what child to start.
type Spec struct {
	Role string
	Arg  wire.Buffer // for the role

	Name   string // default: Prefix and the identity
	Prefix string // default: Process
	Func   string // the function that it runs from the start, for ExitError
	Daemon bool
	Dir    string
	Env    []string // nil: ours
	Stdout io.Writer
	Stderr io.Writer
	// KillDelay 0 is DefaultKillDelay; a negative one kills at once.
	KillDelay       time.Duration
	Limits          Limits
	IgnoreInterrupt bool
	// Shared: many messages will go over the link, so shared memory is worth its cost.
	Shared bool
	Spares *Spares // children that are ready, of which Start may take one; nil: none
}

// Start starts a child and returns once it has bootstrapped. On an error nothing is left of the child. The ctx bounds the
// child's life: when it ends, the child is asked to stop, and killed after KillDelay; a child that is not ready yet is killed
// at once.
func Start(ctx context.Context, spec *Spec) (*Child, error) {
	if err := spec.Limits.Check(); err != nil {
		return nil, err
	}
	if _, err := spec.wantsShared(); err != nil {
		return nil, err
	}
	if err := mayStart(ctx, spec); err != nil {
		return nil, err
	}
	path := nextIdentity()
	if spare := spec.Spares.take(); spare != nil {
		c, err := start(ctx, spec, path, spare.child)
		close(spare.off)
		if err == nil || spare.child.begun || mayStart(ctx, spec) != nil {
			return spec.sent(c, err)
		}
	}
	for try := 1; ; try++ {
		c, err := start(ctx, spec, path, nil)
		if try == startTries || !diedStarting(err) || mayStart(ctx, spec) != nil {
			return spec.sent(c, err)
		}
	}
}

// sent notes that the objects that move with the argument, such as ends of a Pipe, are the child's, unless Start has failed.
func (s *Spec) sent(c *Child, err error) (*Child, error) {
	if err == nil {
		s.Arg.Sent()
	}
	return c, err
}

// mayStart says what forbids a start.
func mayStart(ctx context.Context, spec *Spec) error {
	if err := Ready(); err != nil {
		return err
	}
	switch {
	case ending.Load():
		return ErrExiting
	case ctx.Err() != nil:
		return fmt.Errorf("mp: %s was not started: %w", what(spec), CtxError(ctx))
	}
	return nil
}

// start starts the child that has this identity, or makes spare that child unless it is nil.
func start(ctx context.Context, spec *Spec, path []uint32, spare *Child) (*Child, error) {
	c, limit, tell := spare, spareLimit(&spec.Arg), Log.Debug
	if spare == nil {
		c, limit, tell = newChild(), bootLimit, Log.Warn
	}
	c.become(spec, path)
	prep := preparation{
		Name: c.name, Identity: path, Daemon: spec.Daemon,
		ParentPid: os.Getpid(), ParentName: me().name,
		Fingerprint: sealed().fingerprint,
		Role:        spec.Role, Arg: spec.Arg.Data,
		IgnoreInterrupt: spec.IgnoreInterrupt, LogLevel: LogLevel(),
	}
	if spare != nil {
		step("%s is pid %d, a spare until now", c.name, c.Pid())
	} else if err := c.begin(spec); err != nil {
		return nil, err
	}
	if ending.Load() { // since mayStart: Exit may not wait for this child any more
		c.unshare()
		c.Kill()
		<-c.Done()
		c.stream.Close()
		return nil, ErrExiting
	}
	c.share(spec) // after begin: a new child boots meanwhile
	if err := c.handshake(ctx, func() error { return c.prepare(&prep, spec.Arg.Files) }, kindReady, limit); err != nil {
		tell("a process could not be started", "name", c.name, "child_pid", c.Pid(), "spare", spare != nil, "error", err)
		if c.begun {
			spec.Arg.Sent() // the child may have used the objects that move with the argument
		}
		return nil, err
	}
	Log.Debug("a process was started", "name", c.name, "child_pid", c.Pid())
	c.bound(ctx)
	return c, nil
}

func newChild() *Child {
	return &Child{crash: popen.NewHead(crashSize), done: make(chan struct{})}
}

// become gives c its name, its identity and its options. If it was a spare, Children lists it from now on.
func (c *Child) become(spec *Spec, path []uint32) {
	children.Lock()
	defer children.Unlock()
	c.spare = false
	c.name, c.path, c.daemon, c.function, c.killDelay = spec.Name, path, spec.Daemon, spec.Func, spec.KillDelay
	if c.name == "" {
		c.name = defaultName(cmp.Or(spec.Prefix, "Process"), path)
	}
	if c.killDelay == 0 {
		c.killDelay = DefaultKillDelay
	}
}

// begin starts the process, which then waits for its first message.
func (c *Child) begin(spec *Spec) error {
	if err := c.open(spec); errors.Is(err, sys.ErrReplaced) {
		return fmt.Errorf("%w: %s cannot be started: %w; start the program anew", ErrBinaryMismatch, c.name, err)
	} else if err != nil {
		return fmt.Errorf("mp: %s cannot be started: %w", c.name, err)
	}
	step("Popen: %s is pid %d", c.name, c.Pid())
	track(c)
	return nil
}

// what names a child that has no name yet.
func what(spec *Spec) string {
	switch {
	case spec.Name != "":
		return spec.Name
	case spec.Func != "":
		return "a process for " + spec.Func
	}
	return "a process"
}

// open makes the link and starts the process.
func (c *Child) open(spec *Spec) error {
	program, err := sys.Executable()
	switch {
	case errors.Is(err, sys.ErrReplaced):
		return err
	case err != nil:
		return fmt.Errorf("the program's own file cannot be found: %w", err)
	}
	conn, theirs, err := sys.ConnPair()
	if err != nil {
		return popen.Explain(err, &popen.Config{Path: program})
	}
	defer theirs.Close()
	crash, err := popen.NewDrain(c.crash)
	if err != nil {
		conn.Close()
		return popen.Explain(err, &popen.Config{Path: program})
	}
	nonce := rand.Uint64()
	// The preamble must be there before the child looks for it.
	if err := conn.Write([][]byte{boot.Preamble(nonce)}, nil); err != nil {
		conn.Close()
		crash.Close()
		return err
	}
	inherit := []*sys.ChildEnd{theirs, crash.WriteEnd()}
	env := environ(spec.Env, &spec.Limits, boot.Environ(inherit[0].Number(0), inherit[1].Number(1), nonce))
	c.debugged = waitsForDebugger(env, c.name)
	c.popen, err = popen.Start(&popen.Config{
		Path: program, Args: argv, Dir: spec.Dir, Env: env,
		Stdout: spec.Stdout, Stderr: spec.Stderr,
		Inherit: inherit,
		Drains:  []*popen.Drain{crash},
	})
	if err != nil {
		conn.Close()
		return err
	}
	if err = c.fenceIn(&spec.Limits); err == nil {
		if err = c.popen.WithPid(conn.Connect); gone(err) {
			err = conn.Connect(0) // the handshake finds that it has ended, and says more
		}
	}
	if err != nil {
		conn.Close()
		c.popen.Kill()
		<-c.popen.Done()
		c.autopsy()
		c.fence.removeCgroup()
		return err
	}
	c.stream = link.NewStream(conn)
	c.link = c.stream
	return nil
}

// prepare sends the preparation data with the files that a link of rings needs, or without these if they cannot be sent.
func (c *Child) prepare(prep *preparation, files []*os.File) error {
	if c.shared != nil {
		prep.Shared = true
		err := c.stream.Send(link.Msg{Kind: kindPrepare, Body: prep.encode(), Files: slices.Concat(files, c.shared.Files())})
		if !errors.Is(err, link.ErrNotSent) {
			return err
		}
		prep.Shared = false
		c.unshare()
	}
	return c.stream.Send(link.Msg{Kind: kindPrepare, Body: prep.encode(), Files: files})
}

// handshake calls send, which sends the child a message, and waits up to limit for an answer of the wanted kind. On an error it
// returns only after it has killed and reaped the child.
func (c *Child) handshake(ctx context.Context, send func() error, wanted link.Kind, limit time.Duration) error {
	expired := fmt.Errorf("it was not ready within %v; does its main call mp.Main on every path, early? %w",
		limit, ErrTimeout)
	if !c.debugged { // a person with a debugger needs longer
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, expired)
		defer cancel()
	}
	stop := context.AfterFunc(ctx, func() { c.KillFor(CtxError(ctx)) })
	err := send()
	unsent, sendErr := errors.Is(err, link.ErrNotSent), err
	var answer link.Msg
	if !unsent {
		answer, err = c.answer() // also after a failed Send: the child may have said why it left
	}
	c.begun = !unsent && err == nil && answer.Kind == wanted
	inTime := stop() // the child was not killed because ctx ended
	if inTime && c.begun {
		if wanted == kindReady {
			c.agree(answer.Body)
		}
		answer.Release()
		c.renice()
		return nil
	}
	c.unshare()
	if linkEnded(err) {
		c.awaitNaturalEnd()
		c.KillFor(&linkError{err})
	} else {
		c.Kill()
	}
	<-c.Done()
	defer c.stream.Close()
	defer answer.Release()
	defer answer.CloseFiles()
	switch {
	case unsent:
		return fmt.Errorf("mp: %s cannot be started: its argument cannot be sent: %w", c.name, err)
	case err == nil && answer.Kind == kindRefused:
		return c.refused(answer.Body)
	case err == nil && answer.Kind != wanted:
		return fmt.Errorf("mp: %s (pid %d) answered with a message of kind %d instead of getting ready",
			c.name, c.Pid(), answer.Kind)
	case c.begun:
		return fmt.Errorf("mp: %s (pid %d) was killed as soon as it was ready, and may have begun: %w", c.name, c.Pid(), CtxError(ctx))
	case !inTime:
		exit := c.ExitError("", -1)
		exit.Bootstrapping = true
		return &unreadyError{CtxError(ctx), exit}
	case err != nil && !linkEnded(err):
		return fmt.Errorf("mp: %s (pid %d) was killed before it was ready because its link has failed: %w", c.name, c.Pid(), err)
	}
	exit := c.ExitError("", -1)
	if sendErr != nil && exit.ExitCode == orphanExitCode && exit.Stderr == "" {
		return fmt.Errorf("mp: %s (pid %d) was given up: what it has to know cannot be sent: %w", c.name, c.Pid(), sendErr)
	}
	exit.Bootstrapping = true
	return exit
}

// answer receives from the child until a message other than a record of the log comes. It relays the records.
func (c *Child) answer() (m link.Msg, err error) {
	for {
		if m, err = c.stream.Recv(); err != nil || m.Kind != KindRecord {
			return m, err
		}
		c.Relay(m, "")
	}
}

func (c *Child) refused(body []byte) error {
	var r refusal
	if err := refusalCodec().Decode(body, nil, &r); err != nil {
		return fmt.Errorf("mp: %s (pid %d) refused to start and its reason cannot be read: %w", c.name, c.Pid(), err)
	}
	if r.Mismatch {
		return fmt.Errorf("%w: %s (pid %d) is another program, or registers depending on flags, time or environment:%s",
			ErrBinaryMismatch, c.name, c.Pid(), sealed().difference(r.Listed))
	}
	return fmt.Errorf("mp: %s (pid %d) could not be bootstrapped: %s", c.name, c.Pid(), r.Message)
}
