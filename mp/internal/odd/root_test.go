//go:build linux

package odd_test

import (
	"path/filepath"
	"testing"
)

// A program that is upgraded while it runs starts its own version, not the new one. PY-BOOT-02
func TestUpgrade(t *testing.T) {
	dir := install(t)
	program := filepath.Join(dir, "place")
	copyProgram(t, static(t, "new"), filepath.Join(dir, "next"))
	r := run(t, "start change start map", []string{"MP_TEST_CHANGE=mv " + dir + "/next " + program + " && MP_TEST_STEPS=start " + program}, program)
	expect(t, r, started+"change: start: new:49\n"+started+mapped)
}

const noProc = "cannot be started: the program's own file cannot be found: /proc, which leads to it, is not mounted here: "

// Without /proc, Start and NewPool say that the program's own file cannot be found. PY-BOOT-09
func TestNoProc(t *testing.T) {
	r := run(t, "start map", []string{"DIR=" + install(t)}, "unshare",
		unshared(t, "-m", "mount -t tmpfs none /proc; exec $DIR/place")...)
	expectLines(t, r, "start: error: mp: Process-1 "+noProc, "map: error: mp: PoolWorker-")
}

// Start fails while /proc is gone, and works again when it is back.
func TestProcComesAndGoes(t *testing.T) {
	r := run(t, "start change start change start map", []string{
		"DIR=" + install(t), "MP_TEST_CHANGE=if [ -e /proc/self ]; then mount -t tmpfs none /proc; else umount /proc; fi",
	}, "unshare", unshared(t, "-m", "exec $DIR/place")...)
	expectLines(t, r, started, "change: ", "start: error: mp: Process-2 "+noProc, "change: ", started, mapped)
}

// When the program's file system is remounted noexec while it runs, Start's error says so. PY-BOOT-13
func TestNoExec(t *testing.T) {
	needRoot(t)
	dir := install(t)
	r := run(t, "start change start map", []string{"DIR=" + dir, "MP_TEST_CHANGE=mount -o remount,noexec " + dir + "/m"}, "unshare",
		unshared(t, "-m", "cd $DIR; mkdir m; mount -t tmpfs none m; cp place m; exec m/place")...)
	why := dir + "/m/place may not be executed: check its mode, and whether its file system is mounted noexec"
	expectLines(t, r, started, "change:", "start: error: mp: Process-2 cannot be started: "+why, "map: error: mp: PoolWorker-")
}

// Start and Map work on a read-only root file system.
func TestReadOnlyRoot(t *testing.T) {
	needRoot(t)
	r := run(t, "start map", []string{"DIR=" + install(t)}, "unshare",
		unshared(t, "-m", "mount -o bind,ro / /; mount -o remount,bind,ro /; mount -t tmpfs -o size=64m none /dev/shm; exec $DIR/place")...)
	expect(t, r, started+mapped)
}

// In a root directory that has only the program, Start says what is missing. It works with /proc and a null device that the user may
// open.
func TestBareRoot(t *testing.T) {
	needRoot(t, "chroot")
	const user = "--userspec=64999:64999"
	dir := install(t)
	r := run(t, "start", nil, "chroot", user, dir, "/place")
	expectLines(t, r, noProc)
	const why = "a child reads from the null device, which is needed here too (in a bare root directory: mknod -m 666 dev/null c 1 3): "
	for _, c := range []struct{ name, prepare, want string }{
		{"no null device", "", why + "open /dev/null: no such file"},
		{"a null device of root's", "mkdir dev; mknod -m 600 dev/null c 1 3;", why + "open /dev/null: permission denied"},
		{"all that it takes", "mkdir dev; mknod -m 666 dev/null c 1 3;", started},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, "start", []string{"DIR=" + install(t)}, "unshare",
				unshared(t, "-m", "cd $DIR; mkdir proc; mount -t proc proc proc; "+c.prepare+" exec chroot "+user+" . /place")...)
			expectLines(t, r, c.want)
		})
	}
}
