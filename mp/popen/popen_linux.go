package popen

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

const maxrssUnit = 1 << 10

// With these attributes the kernel kills the child when this process dies, however it dies; see spawner for the thread that this
// is tied to.
func sysProcAttr(pidfd *int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: pidfd}
}

type startRequest struct {
	path  string
	argv  []string
	attr  *os.ProcAttr
	reply chan startReply
}

type startReply struct {
	process *os.Process
	err     error
}

// spawner starts every process from one thread that never ends. The kernel sends the parent-death signal when the
// *thread* that started a child ends, and Go ends threads as it likes: started from an ordinary goroutine, children could be
// killed while their parent lives. Children inherit this thread's namespaces and CPU affinity.
var spawner = sync.OnceValue(func() chan<- startRequest {
	requests := make(chan startRequest)
	go startProcesses(requests)
	return requests
})

// startProcesses never ends. Checks for leaked goroutines recognise it by its name.
func startProcesses(requests <-chan startRequest) {
	runtime.LockOSThread()
	for r := range requests {
		process, err := os.StartProcess(r.path, r.argv, r.attr)
		if errors.Is(err, syscall.EINVAL) { // an emulator of the kernel, such as qemu's, may not know pidfds
			r.attr.Sys.PidFD = nil
			process, err = os.StartProcess(r.path, r.argv, r.attr)
		}
		r.reply <- startReply{process, err}
	}
}

func startProcess(path string, argv []string, attr *os.ProcAttr) (*os.Process, error) {
	reply := make(chan startReply, 1)
	spawner() <- startRequest{path, argv, attr, reply}
	r := <-reply
	return r.process, r.err
}

// handle waits for the end of a process. With a pidfd this holds no thread; without one (an old kernel) os.Process holds a
// thread.
type handle struct {
	process *os.Process
	pidfd   *sys.PidFD
}

func newHandle(process *os.Process, pidfd int) handle { return handle{process, sys.NewPidFD(pidfd)} }

// awaitExit waits until the process has ended and is left to be reaped. It reports false, at once, when it cannot tell.
func (h handle) awaitExit() (ended bool) { return h.pidfd != nil && h.pidfd.AwaitExit() == nil }

func (h handle) close() {
	if h.pidfd != nil {
		h.pidfd.Close()
	}
}
