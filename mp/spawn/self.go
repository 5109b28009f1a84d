package spawn

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// Self is this process as a child: what its parent told it, and its link to the parent. A Role gets it.
type Self struct {
	Link link.Link
	// Arg and its files are what the role's Spec held.
	Arg link.Msg

	stream     *link.Stream // Link itself, or the stream below it
	parentPid  int
	parentName string
	gone       chan struct{}
	goneOnce   sync.Once
}

// Role is what a child does once it is ready. It serves its link and returns the exit code. A role reads its link all
// the time, because the end of the link is how it learns that its parent is gone; it then calls Orphaned.
type Role func(self *Self) (code int)

var roles = make(map[string]Role)

// RegisterRole makes a role known under its name. Packages call it in init.
func RegisterRole(name string, role Role) {
	if _, taken := roles[name]; taken {
		panic("mp: two roles have the name " + name)
	}
	roles[name] = role
}

// Orphaned notes that the parent is gone and ends this process at once, without exit hooks: its work is of no use any more.
func (s *Self) Orphaned() {
	s.goneOnce.Do(func() { close(s.gone) })
	os.Exit(orphanExitCode)
}

const orphanExitCode = 1

// identity is who a process is. It does not change once it is published.
type identity struct {
	name   string
	path   []uint32 // the counters of its ancestors and its own: Process-1:2 has 1, 2
	daemon bool
	self   *Self // nil in the first process of a program, and in a child that is not ready yet
}

// known is the identity of this process if it is a child. It is atomic because goroutines that init functions have started may
// read it while it is being set.
var known atomic.Pointer[identity]

// mainProcess is the identity of the first process of a program, by Python's name, and of a child before its preparation.
var mainProcess = identity{name: "MainProcess"}

func me() *identity {
	if i := known.Load(); i != nil {
		return i
	}
	return &mainProcess
}

var counter atomic.Uint32

// nextIdentity is the identity of the next child, as Python counts: in every process from 1.
func nextIdentity() []uint32 {
	return append(slices.Clip(me().path), counter.Add(1))
}

// defaultName is Process-1 for a child of the main process and Process-1:2 for a child of that.
func defaultName(prefix string, path []uint32) string {
	var b strings.Builder
	for i, n := range path {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprint(&b, n)
	}
	return prefix + "-" + b.String()
}

// Name is the name of this process.
func Name() string { return me().name }

// Daemon reports whether this process was started as a daemon.
func Daemon() bool { return me().daemon }

// Parent is the process that spawned this one; ok is false in a process that was not spawned.
func Parent() (pid int, name string, gone <-chan struct{}, ok bool) {
	s := me().self
	if s == nil {
		return 0, "", nil, false
	}
	return s.parentPid, s.parentName, s.gone, true
}
