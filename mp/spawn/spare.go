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

// Spares are children that are kept ready for later Starts. A spare was exec'd, has run the program's init functions, has
// reached Main, and waits there for its preparation data, from which every child learns its name and its role. So a Start that
// takes a spare only has to send these. If no spare can be used, Start starts a new child.
type Spares struct {
	n    int
	spec Spec // what a process gets at its exec
	log  SpareLog

	mu    sync.Mutex
	ready []*spare
}

// SpareLog is the log for spares that become ready, die or cannot be started. Log is one.
type SpareLog interface {
	Debug(msg string, args ...any)
	Warn(msg string, args ...any)
}

// spare is a child that was started as a spare.
type spare struct {
	child *Child
	got   inherited     // what the child has inherited
	fit   bool          // got is certain: nothing changed while the child was exec'd
	off   chan struct{} // closed once another spare may be made in its place
	taken bool          // a Start has taken it; not to be read before withdraw
}

const (
	// firstSparePause and lastSparePause bound the pause after a spare that could not be started or died; the pause doubles
	// each time. It may grow long, because a Start does not wait for spares.
	firstSparePause = 10 * time.Millisecond
	lastSparePause  = 10 * time.Second
	// sparePatience is how long a spare that was taken may take to answer. It only has to read its preparation data, so a spare
	// that is silent for that long is frozen, and Start starts a new child instead.
	sparePatience = time.Second
	// sparePerKiB is added for every KiB of the argument: 16 MiB a second.
	sparePerKiB = time.Second / (16 << 10)
)

// spareLimit is how long Start waits for a spare that was given this argument.
func spareLimit(arg *wire.Buffer) time.Duration {
	return min(sparePatience+time.Duration(len(arg.Data)>>10)*sparePerKiB, bootLimit)
}

// NewSpares makes the record of n spares with the Dir, Env, Stdout, Stderr and Limits of spec; Keep starts them. It fails, as
// Start does, while this process may not start others.
func NewSpares(n int, spec *Spec, log SpareLog) (*Spares, error) {
	if err := mayStart(context.Background(), spec); err != nil {
		return nil, err
	}
	return &Spares{n: n, spec: *spec, log: log}, nil
}

// Keep keeps the spares ready until ctx ends or this process exits. It returns when all have ended, but for those that were
// taken. On nil Spares it does nothing.
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

// keep keeps one spare ready until ctx ends.
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

// fill makes a spare, and returns when it was taken, is unfit or dead, or ctx has ended. A spare that was not taken is ended.
// useful is false if the spare could not be started or died.
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
		s.log.Debug("a spare process is ready", "child_pid", p.child.Pid())
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
		s.log.Debug("a spare process has died", "child_pid", p.child.Pid(), "error", p.child.ExitError("", -1))
	}
	return !died
}

// start starts a child and returns when it has reached Main. On an error nothing is left of the child.
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
	now, err := s.inherits() // at once: a change that is undone in between is not seen
	fit := err == nil && got.same(&now)
	fingerprint := sealed().fingerprint
	if err := c.handshake(ctx, func() error { return c.stream.Send(link.Msg{Kind: kindSpare, Body: fingerprint[:]}) }, kindSpare, bootLimit); err != nil {
		return nil, err
	}
	return &spare{child: c, got: got, fit: fit, off: make(chan struct{})}, nil
}

// take takes a spare; nil when there is none. It must have inherited what a process that is started now would inherit. Spares
// that have not are given up, and replaced. The caller closes off once the spare has answered: the start of a replacement before
// that would take processors from the spare.
func (s *Spares) take() *spare {
	if s == nil || s.debugged() || !s.any() {
		return nil
	}
	now, err := s.inherits()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range slices.Clone(s.ready) {
		if p.child.popen.Reaped() { // it has died, and its fill is about to notice
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

// withdraw removes the spare from ready, so that no Start can take it. It reports false when it was not there any more.
func (s *Spares) withdraw(p *spare) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.ready)
	s.ready = slices.DeleteFunc(s.ready, func(o *spare) bool { return o == p })
	return len(s.ready) < before
}

// debugged reports whether MP_DEBUG_WAIT is set. Then no spare is used: a process that waits for a debugger would not be ready
// within spareLimit.
func (s *Spares) debugged() bool {
	set := func(kv string) bool { return strings.HasPrefix(kv, debugWaitVar+"=") }
	return os.Getenv(debugWaitVar) != "" || slices.ContainsFunc(s.spec.Env, set)
}

// inherited is what a process gets at its exec and keeps, as far as it may change in this process. The directory is identified
// by its FileInfo, because its name may lead to another directory by now.
type inherited struct {
	dir            fs.FileInfo
	env            []string
	stdout, stderr *os.File
	ids            []int
}

// inherits is what a process that is started now would inherit.
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

// keeper is a running Keep.
type keeper struct {
	end   context.CancelFunc
	ended chan struct{}
}

var keepers struct {
	sync.Mutex
	list []*keeper
}

// join lets endSpares end this Keep. It reports false when this process is exiting and may keep no spares.
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

// endSpares ends all spares of this process, which is exiting. It waits for ExitLimit at most, as a SpareLog may hang.
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

// standBy is the life of a spare, in the child: it tells the parent that it has reached Main, and waits for the message after m,
// its preparation data. The wait has no limit, but ends with the parent. Whatever can be done before the wait is done before.
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

// spareName is the name that ps shows for a spare.
const spareName = "mp-spare"
