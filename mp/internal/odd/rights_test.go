//go:build linux

package odd_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A program that runs with more rights than the user who started it does not accept that user's process as its parent, which
// could have it run any registered function. It accepts a parent that has the same rights.
func TestPrivileged(t *testing.T) {
	needRoot(t, "setpriv", "id")
	const (
		user  = 64999
		other = "another user or group than this program runs as"
		caps  = "this program's file has capabilities"
	)
	probe := asUser(t, user, "", "/tmp/id -u")
	probe[len(probe)-1] = `cp "$(command -v id)" $DIR; chown 64998 $DIR/id; chmod 4755 $DIR/id; ` + probe[len(probe)-1]
	if r := run(t, "", []string{"DIR=" + install(t)}, "unshare", probe...); r.Stdout != "64998\n" {
		t.Skipf("setuid does nothing here: %+v", r)
	}
	t.Setenv("CGO_ENABLED", "0")
	forger := prog.Build(t, "./testdata/forger")
	for _, c := range []struct{ name, prepare, refusal, steps string }{
		{"setuid root", "chown 0:0 place; chmod 4755 place", other, started + mapped},
		{"setuid", "chown 64998:0 place; chmod 4755 place", other, started + mapped},
		{"setgid", "chown 0:64998 place; chmod 2755 place", other, started + mapped},
		{"capabilities", "setcap cap_net_bind_service+ep place", caps, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := install(t)
			copyProgram(t, forger, filepath.Join(dir, "forger"))
			prepare := exec.Command("sh", "-ec", c.prepare)
			prepare.Dir = dir
			if out, err := prepare.CombinedOutput(); err != nil {
				t.Skipf("this cannot be prepared here: %v, %s", err, out)
			}
			r := run(t, "start map", []string{"DIR=" + dir}, "unshare", asUser(t, user, "", "/tmp/place")...)
			switch {
			case c.steps != "":
				expect(t, r, c.steps)
			case r.Code != 1 || strings.Count(r.Stdout, c.refusal) != 2:
				t.Errorf("of its own child it says %+v", r)
			}
			r = run(t, "start", []string{"DIR=" + dir}, "unshare", asUser(t, user, "", "/tmp/forger /tmp/place")...)
			if r.Code != 1 || r.Stdout != "" || !strings.Contains(r.Stderr, c.refusal) {
				t.Errorf("to a forger it says %+v", r)
			}
		})
	}

	// Children inherit ambient capabilities, and so gain no rights.
	const ambient = "--inh-caps=+net_bind_service --ambient-caps=+net_bind_service "
	expect(t, run(t, "start map", []string{"DIR=" + install(t)}, "unshare", asUser(t, user, "", ambient+"/tmp/place")...), started+mapped)

	// A program that gains no rights accepts the forger, so the forgery itself is good.
	if r := run(t, "start", nil, forger, static(t, "old")); r.Code != 1 || r.Stdout != "" || r.Stderr != "" {
		t.Errorf("%+v", r)
	}
}
