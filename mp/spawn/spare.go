package spawn

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Spares are children that are kept ready for Starts to come. A spare was exec'd, has run the program's init functions,
// has reached Main, and waits there for its preparation data, of which every child learns who it is and what it is for. So
// a Start that takes one has only these to send. Whatever cannot be had from a spare, Start does as without.
type Spares struct {
	n    int
	spec Spec // what a process gets at its exec
	log  SpareLog

	mu    sync.Mutex
	ready []*spare
}

// SpareLog hears of spares that die or cannot be started. Log is one.
type SpareLog interface {
	Debug(msg string, args ...any)
	Warn(msg string, args ...any)
}

// spare is a child that nobody has taken yet.
type spare struct {
	child *Child
	got   inherited
	fit   bool          // that is what it has got: nothing has changed while it was exec'd
	off   chan struct{} // closed once another one may be made in its place
	taken bool          // it is somebody else's; not to be read while it is to be had
}

const (
	// firstSparePause and lastSparePause are how long nobody makes another spare after one that came to nothing; the pause
	// doubles. It grows long: a program that needs a process does not wait for it.
	firstSparePause = 10 * time.Millisecond
	lastSparePause  = 10 * time.Second
	// sparePatience is how long a spare that was taken may take to answer. It has nothing to do but to read its preparation
	// data, so one that is silent for that long is frozen, and Start has better to do than to wait for it.
	sparePatience = time.Second
	// sparePerKiB is what it may take besides for every KiB of its argument: 16 MiB a second.
	sparePerKiB = time.Second / (16 << 10)
)

// spareLimit is how long Start waits for a spare that was given this argument.
func spareLimit(arg *wire.Buffer) time.Duration {
	return min(sparePatience+time.Duration(len(arg.Data)>>10)*sparePerKiB, bootLimit)
}

// NewSpares says how many spares there shall be, and with which Dir, Env, Stdout, Stderr and Limits. Nothing is started
// before Keep. Where no process may be started, it says why not.
func NewSpares(n int, spec *Spec, log SpareLog) (*Spares, error) {
	if err := mayStart(context.Background(), spec); err != nil {
		return nil, err
	}
	return &Spares{n: n, spec: *spec, log: log}, nil
}

// Keep keeps the spares until ctx ends, or this process exits. It returns when none is left, but for those that were taken.
// Of nil Spares there are none.
func (s *Spares) Keep(ctx context.Context) {
	if s == nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	k := &keeper{end: cancel, ended: make(chan struct{})}
	defer k.leave()
	if !k.join() {
		return
	}
	var places sync.WaitGroup
	for range s.n {
		places.Go(func() { s.keep(ctx) })
	}
	places.Wait()
}

// keep keeps one spare.
func (s *Spares) keep(ctx context.Context) {
	pause := firstSparePause
	for ctx.Err() == nil {
		if s.fill(ctx) {
			pause = firstSparePause
			continue
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, lastSparePause)
	}
}

// fill makes a spare, and returns when it is not to be had any more: useful unless it has come to nothing.
func (s *Spares) fill(ctx context.Context) (useful bool) {
	p, err := s.start(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("a spare process could not be started", "error", err)
		}
		return false
	}
	if p.fit {
		s.mu.Lock()
		s.ready = append(s.ready, p)
		s.mu.Unlock()
		s.log.Debug("a spare process is ready", "pid", p.child.Pid())
	} else {
		close(p.off)
	}
	select {
	case <-p.off:
	case <-p.child.Done():
	case <-ctx.Done():
	}
	left := s.withdraw(p)
	if p.taken {
		return true
	}
	died := left && !p.child.Alive()
	p.child.Kill()
	<-p.child.Done()
	p.child.unshare()
	p.child.stream.Close()
	if died {
		s.log.Debug("a spare process has died", "pid", p.child.Pid(), "error", p.child.ExitError("", -1))
	}
	return !died
}

// start starts a child and returns when it has reached Main. When it does not, nothing is left of it.
func (s *Spares) start(ctx context.Context) (*spare, error) {
	got, err := s.inherits()
	if err != nil {
		return nil, err
	}
	c := newChild()
	c.name, c.spare = "a spare process", true
	if err := c.begin(&s.spec); err != nil {
		return nil, err
	}
	c.share(&s.spec)
	now, err := s.inherits() // at once: what changes and changes back while it is exec'd is not seen
	fit := err == nil && got.same(&now)
	fingerprint := sealed().fingerprint
	if err := c.handshake(ctx, func() error { return c.stream.Send(link.Msg{Kind: kindSpare, Body: fingerprint[:]}) }, kindSpare, bootLimit); err != nil {
		return nil, err
	}
	return &spare{child: c, got: got, fit: fit, off: make(chan struct{})}, nil
}

// take takes a spare out; nil when there is none. What it inherited must be what a process that is started now would.
// Those that have got something else are of no use any more, and others take their place. Whoever takes one closes off once it
// has answered: the start of another one would take processors from it.
func (s *Spares) take() *spare {
	if s == nil || s.debugged() || !s.any() {
		return nil
	}
	now, err := s.inherits()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range slices.Clone(s.ready) {
		if p.child.popen.Reaped() { // keep is about to see it
			continue
		}
		s.ready = slices.DeleteFunc(s.ready, func(o *spare) bool { return o == p })
		if p.taken = err == nil && p.got.same(&now); p.taken {
			return p
		}
		close(p.off)
	}
	return nil
}

func (s *Spares) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ready) > 0
}

// withdraw sees to it that nobody takes the spare. It reports false when that is so already.
func (s *Spares) withdraw(p *spare) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.ready)
	s.ready = slices.DeleteFunc(s.ready, func(o *spare) bool { return o == p })
	return len(s.ready) < before
}

// debugged reports whether a process waits for a debugger, by its name: it needs the time before it is ready.
func (s *Spares) debugged() bool {
	set := func(kv string) bool { return strings.HasPrefix(kv, debugWaitVar+"=") }
	return os.Getenv(debugWaitVar) != "" || slices.ContainsFunc(s.spec.Env, set)
}

// inherited is what a process gets at its exec and keeps, of what may change while this one runs: its own directory is told
// by what it is and not by its name, behind which another one may be by now.
type inherited struct {
	dir            fs.FileInfo
	env            []string
	stdout, stderr *os.File
	ids            []int
}

// inherits looks what a process would inherit that is started now.
func (s *Spares) inherits() (i inherited, err error) {
	if sys.Replaced() {
		return i, sys.ErrReplaced
	}
	dir := s.spec.Dir
	if dir == "" {
		dir = "."
	}
	if i.dir, err = os.Stat(dir); err != nil {
		return i, err
	}
	i.env, i.stdout, i.stderr = os.Environ(), os.Stdout, os.Stderr
	i.ids, _ = os.Getgroups()
	i.ids = append(i.ids, os.Getuid(), os.Geteuid(), os.Getgid(), os.Getegid())
	return i, nil
}

func (i *inherited) same(o *inherited) bool {
	return os.SameFile(i.dir, o.dir) && slices.Equal(i.env, o.env) && i.stdout == o.stdout && i.stderr == o.stderr &&
		slices.Equal(i.ids, o.ids)
}

// keeper is a Keep at work.
type keeper struct {
	end   context.CancelFunc
	ended chan struct{}
}

var keepers struct {
	sync.Mutex
	list []*keeper
}

// join reports false when this process exits and keeps no spares any more.
func (k *keeper) join() bool {
	keepers.Lock()
	defer keepers.Unlock()
	if ending.Load() {
		return false
	}
	keepers.list = append(keepers.list, k)
	return true
}

func (k *keeper) leave() {
	k.end()
	close(k.ended)
	keepers.Lock()
	defer keepers.Unlock()
	keepers.list = slices.DeleteFunc(keepers.list, func(o *keeper) bool { return o == k })
}

// endSpares ends all spares of this process, which is exiting; it does not wait for a log that hangs.
func endSpares() {
	keepers.Lock()
	list := slices.Clone(keepers.list)
	keepers.Unlock()
	for _, k := range list {
		k.end()
	}
	if len(list) == 0 {
		return
	}
	limit := time.After(ExitLimit)
	for _, k := range list {
		select {
		case <-k.ended:
		case <-limit:
			return
		}
	}
}

// standBy is the life of a spare, in the child: it says that it has reached Main, and waits for the message behind m, its
// preparation data. That may take for ever, but ends with the parent. What can be done before is done before.
func standBy(l link.Link, m link.Msg) (link.Msg, error) {
	fingerprint := sealed().fingerprint
	if !bytes.Equal(m.Body, fingerprint[:]) {
		return m, ErrBinaryMismatch
	}
	m.Release()
	sys.SetProcessName(spareName)
	step("spare: it has reached Main and waits for what it is to be; inheriting = true")
	if err := l.Send(link.Msg{Kind: kindSpare}); err != nil {
		return m, fmt.Errorf("a spare cannot tell its parent: %w", err)
	}
	return l.Recv()
}

// spareName is what ps shows.
const spareName = "mp-spare"
