package spawn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Stay prints the cgroups of its process and runs until its ctx ends.
var Stay = mp.Register("stay", func(ctx context.Context, _ int) (int, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, err
	}
	fmt.Print(string(text) + "ready\n")
	<-ctx.Done()
	return 0, nil
})

// output receives what a child writes.
type output chan string

func (o output) Write(p []byte) (int, error) {
	o <- string(p)
	return len(p), nil
}

// await returns the output once it ends with end.
func (o output) await(t *testing.T, end string) (text string) {
	t.Helper()
	for !strings.HasSuffix(text, end) {
		select {
		case more := <-o:
			text += more
		case <-time.After(time.Minute):
			t.Fatalf("no %q in %q", end, text)
		}
	}
	return text
}

// memoryDir is the directory, as we see it, of the cgroup that counts the memory of a process with this /proc/PID/cgroup.
func memoryDir(t *testing.T, text string) string {
	t.Helper()
	for _, mounted := range []struct{ pattern, at string }{
		{`(?m)^\d+:(?:\S+,)?memory(?:,\S+)?:(\S+)$`, "/sys/fs/cgroup/memory"},
		{`(?m)^0::(\S+)$`, "/sys/fs/cgroup"},
	} {
		if m := regexp.MustCompile(mounted.pattern).FindStringSubmatch(text); m != nil {
			return filepath.Join(mounted.at, m[1])
		}
	}
	t.Fatalf("no memory in %q", text)
	return ""
}

// nothingLeft fails the test if the process pid has left a cgroup below ours.
func nothingLeft(t *testing.T, pid any) {
	t.Helper()
	ours, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(memoryDir(t, string(ours)), fmt.Sprintf("mp-%v-*", pid)))
	if len(names) != 0 || err != nil {
		t.Errorf("left: %v, %v", names, err)
	}
}

func needCgroup(t *testing.T) {
	t.Helper()
	g, err := sys.NewCgroup(64 * mebibyte)
	if err != nil {
		t.Skipf("no cgroup can be had here: %v", err)
	}
	if err := g.Remove(); err != nil {
		t.Fatal(err)
	}
}

// The kernel enforces the limit to the page, for memory that the child takes after it was moved into its cgroup.
func TestMemoryLimitByCgroup(t *testing.T) {
	needCgroup(t)
	for way, eat := range eaters {
		t.Run(way, func(t *testing.T) {
			leak.Check(t)
			p, err := mp.Start(t.Context(), eat, 8<<30, &mp.ProcessOptions{Limits: mp.Limits{Memory: 64 * mebibyte}})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := p.Limits(), (spawn.Applied{Memory: 64 * mebibyte, MemoryBy: spawn.ByCgroup}); got != want {
				t.Errorf("%+v", got)
			}
			_, err = p.Result(t.Context())
			exit := oom(t, err)
			if exit.PeakRSS > max(80*mebibyte, ownPeak(t)) { // what it had before does not count
				t.Errorf("at its peak it had %d MiB", exit.PeakRSS/mebibyte)
			}
			t.Logf("%d MiB at its peak: %v", exit.PeakRSS/mebibyte, err)
			nothingLeft(t, os.Getpid())
		})
	}
}

// ownPeak is the most memory that this process has had. PeakRSS of a child is at least that, and with -count=3 it is more than the
// limits of this test.
func ownPeak(t *testing.T) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return int64(u.Maxrss) << 10 // an int32 where words have 32 bits
}

// When the kernel kills a child at the limit of the child's own cgroup, the error says so.
func TestKilledAtItsLimit(t *testing.T) {
	needCgroup(t)
	leak.Check(t)
	spawn.WithoutWatching(t)
	p, err := mp.Start(t.Context(), EatMapped, 8<<30, &mp.ProcessOptions{Limits: mp.Limits{Memory: 64 * mebibyte}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	oom(t, err)
	said := `was killed by the kernel for want of memory \(it had used at most \d+ MiB, and its limit is 64 MiB\) while it ran eat-mapped$`
	if !regexp.MustCompile(said).MatchString(err.Error()) {
		t.Error(err)
	}

	// A kill by another process is no OOM kill.
	out := make(output, 100)
	p, err = mp.Start(t.Context(), Stay, 0, &mp.ProcessOptions{Stdout: out, Limits: mp.Limits{Memory: 64 * mebibyte}})
	if err != nil {
		t.Fatal(err)
	}
	out.await(t, "ready\n")
	prog.Kill(p.Pid())
	_, err = p.Result(t.Context())
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Cause != mp.CauseSignal || errors.Is(err, mp.ErrMemory) {
		t.Error(err)
	}
}

// A child with a memory limit has a cgroup of its own, which is removed when the child has ended.
func TestCgroupOfChild(t *testing.T) {
	needCgroup(t)
	leak.Check(t)
	out := make(output, 100)
	p, err := mp.Start(t.Context(), Stay, 0, &mp.ProcessOptions{Stdout: out, Limits: mp.Limits{Memory: 64 * mebibyte}})
	if err != nil {
		t.Fatal(err)
	}
	dir := memoryDir(t, out.await(t, "ready\n"))
	if name := filepath.Base(dir); !strings.HasPrefix(name, fmt.Sprintf("mp-%d-", os.Getpid())) {
		t.Errorf("its cgroup is %s", dir)
	}
	limit, err := os.ReadFile(filepath.Join(dir, "memory.limit_in_bytes"))
	if err != nil {
		limit, err = os.ReadFile(filepath.Join(dir, "memory.max"))
	}
	if err != nil || strings.TrimSpace(string(limit)) != strconv.Itoa(64*mebibyte) {
		t.Errorf("its limit is %q, %v", limit, err)
	}
	p.Kill()
	p.Join(t.Context())
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is dead, and its cgroup is there: %v", err)
	}
}

// A killed parent leaves the cgroup of its child behind. The next process that makes a cgroup removes it.
func TestCgroupOfKilledParent(t *testing.T) {
	needCgroup(t)
	leak.Check(t)
	r := prog.Run(t, prog.Build(t, "./testdata/limits"), nil, "orphan")
	by, rest, _ := strings.Cut(r.Stdout, " ")
	if r.Code != -9 || by != spawn.ByCgroup {
		t.Fatalf("%+v", r)
	}
	pid, groups, _ := strings.Cut(rest, "\n")
	dir := memoryDir(t, groups)
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for prog.Alive(n) {
		time.Sleep(time.Millisecond)
	}
	for range 2 { // the kernel may keep the cgroup busy for a moment after the process is gone
		p, err := mp.Start(t.Context(), Nothing, 0, &mp.ProcessOptions{Limits: mp.Limits{Memory: 64 * mebibyte}})
		if err != nil {
			t.Fatal(err)
		}
		p.Join(t.Context())
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

// The kernel's count of OOM kills tells a child that the kernel killed for want of memory from one that another process killed.
func TestKilledByTheKernel(t *testing.T) {
	ours, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(memoryDir(t, string(ours)), fmt.Sprintf("mp-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("no cgroup can be had here: %v", err)
	}
	defer func() {
		for deadline := time.Now().Add(10 * time.Second); syscall.Rmdir(dir) != nil; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s cannot be removed", dir)
			}
		}
	}()
	limited := false
	for _, name := range []string{"memory.limit_in_bytes", "memory.max"} {
		limited = limited || os.WriteFile(filepath.Join(dir, name), []byte(strconv.Itoa(128*mebibyte)), 0) == nil
	}
	if !limited {
		t.Skip("no cgroup with a limit can be had here")
	}
	program := prog.Build(t, "./testdata/limits")
	r := prog.Run(t, "/bin/sh", nil, "-c", `echo $$ > "$0/cgroup.procs" && exec "$1" shared`, dir, program)
	want := regexp.MustCompile(`^killed: signal, memory false: .*was killed by signal 9.*
eating: oom, memory true: mp: .* was killed by the kernel for want of memory \(it had used at most \d+ MiB\) while it ran eat
killed: signal, memory false: .*was killed by signal 9.*
$`)
	if r.Code != 0 || !want.MatchString(r.Stdout) {
		t.Errorf("%+v", r)
	}
	t.Log(r.Stdout)
}

// niceness returns the distinct nice values of the threads of a process.
func niceness(t *testing.T, pid int) (values []string) {
	t.Helper()
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // a thread that has ended
		}
		_, after, _ := strings.Cut(string(text), ") ")
		if value := strings.Fields(after)[16]; !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

func TestNice(t *testing.T) {
	leak.Check(t)
	nice := 19
	if os.Getuid() == 0 {
		nice = 7 // may be below our own, which needs a privilege
	}
	out := make(output, 100)
	p, err := mp.Start(t.Context(), Stay, 0, &mp.ProcessOptions{Stdout: out, Limits: mp.Limits{Nice: nice}})
	if err != nil {
		t.Fatal(err)
	}
	out.await(t, "ready\n")
	if got := niceness(t, p.Pid()); !slices.Equal(got, []string{strconv.Itoa(nice)}) || p.Limits().Nice != nice {
		t.Errorf("the child's threads have %v, and it says %+v", got, p.Limits())
	}
	p.Kill()
	p.Join(t.Context())
}

// Without the privilege for a negative Nice, Start says so and starts nothing.
func TestNiceRefused(t *testing.T) {
	program := prog.Build(t, "./testdata/limits")
	command := []string{program, "nice"}
	if os.Getuid() == 0 {
		setpriv, err := exec.LookPath("setpriv")
		if err != nil {
			t.Skip("root may do everything, and setpriv, which takes a right away, is not here")
		}
		command = append([]string{setpriv, "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"}, command...)
	}
	r := prog.Run(t, command[0], nil, command[1:]...)
	pid, _, _ := strings.Cut(r.Stdout, "\n")
	nothingLeft(t, pid)
	const reason = "Limits.Nice -5 cannot be had: to go before others needs a privilege (root, CAP_SYS_NICE, ulimit -e): setpriority: "
	for _, want := range []string{
		"error: mp: Process-1 cannot be started: " + reason, "EPERM or EACCES true, left 0\n",
		"applied: {Memory:0 MemoryBy: GOMAXPROCS:2 Nice:0 Missing:" + reason,
	} {
		if r.Code != 0 || !strings.Contains(r.Stdout, want) {
			t.Errorf("%+v; want %q", r, want)
		}
	}
}
