package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

const unguarded = "MP_TEST_UNGUARDED=1"

// On Linux the kernel kills a child when its parent dies. Not all systems do, so unguarded switches that off. The setting
// belongs to one thread, the one that runs init functions.
func init() {
	if os.Getenv("MP_TEST_UNGUARDED") != "" {
		syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, 0, 0)
	}
}

// Family starts a daemon and another process, each with a file, and writes the pid of its worker to the daemon's file.
var Family = mp.Register("family", func(ctx context.Context, files []*os.File) (int, error) {
	if _, err := fmt.Fprintln(files[0], os.Getpid()); err != nil {
		return 0, err
	}
	for i, f := range files {
		if _, err := mp.Start(context.WithoutCancel(ctx), Outlast, f, &mp.ProcessOptions{Daemon: i == 0}); err != nil {
			return 0, err
		}
		f.Close()
	}
	return 0, nil
})

// LeaveFamily closes a pool whose worker has a Family. Close waits for as long as the worker needs.
var LeaveFamily = mp.Register("leaveFamily", func(ctx context.Context, files []*os.File) (int, error) {
	p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1, Env: append(os.Environ(), unguarded), KillDelay: time.Hour})
	if err != nil {
		return 0, err
	}
	_, err = mp.Apply(ctx, p, Family, files)
	for _, f := range files {
		f.Close()
	}
	return 0, errors.Join(err, p.Close())
})

// A worker that is on its way out, and waits for its children, ends when its parent is gone.
func TestOrphanOnItsWayOut(t *testing.T) {
	leak.Check(t)
	var ours, theirs []*os.File
	for range 2 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.SetReadDeadline(time.Now().Add(20 * time.Second))
		ours, theirs = append(ours, r), append(theirs, w)
	}
	parent, err := mp.Start(t.Context(), LeaveFamily, theirs, nil)
	for _, f := range theirs {
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanln(ours[0], &pid); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(ours[0]); err != nil { // until the worker has killed the daemon
		t.Error(err)
	}
	parent.Kill()
	parent.Join(t.Context())
	if _, err := io.ReadAll(ours[1]); err != nil { // until the other process, an orphan now, has ended, too
		t.Error(err)
		prog.Kill(pid)
	}
}
